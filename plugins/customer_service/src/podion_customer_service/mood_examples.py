"""What customers say who have had enough, and what those say who have not: the words of the labels of `mood`."""


def _lines(table: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in table.strip().splitlines())


UPSET = _lines("""
    this is absolutely ridiculous, I have had enough of you
    your service is a complete joke
    I am so angry right now I can hardly type
    what a useless company, you never solve anything
    are you kidding me? this is the third time it happens
    nobody helps me, nobody answers, nobody cares
    I am sick and tired of being ignored by you
    how many times do I have to repeat myself
    worst experience ever, I will never order from you again
    you are wasting my time with these canned answers
    that is not what I asked! read my message for once
    I want a manager right now, this is unacceptable
    you stole my money and now you act as if nothing happened
    I will report you to the authorities and to my lawyer
    fix it now or I cancel everything
    oh great, wonderful, it broke again, thanks for nothing
    thank you so much for ruining my weekend, well done
    yeah right, "we value your patience", sure you do
    I have been waiting for weeks and you keep lying to me
    every time I contact you I get a different excuse
    it has been a nightmare from start to finish
    I am extremely disappointed and frankly disgusted
    this is a scam and you are all crooks
    why does nothing ever work with you people
    stop with the excuses and just do your job
    unbelievable. still nothing. still no answer.
    I'm losing my patience with this stupid bot
    shame on you for treating customers like this
    seriously, what is wrong with you
    enough. I am taking my business elsewhere
    I can't stand this any longer, it drives me mad
    you keep passing me from one department to the next and no one takes responsibility
    really disappointed, I expected so much better from you
    don't you dare tell me to be patient again
    what do I even pay you for
    你们的服务太差劲了，我受够了
    气死我了，到底有没有人处理
    我真的非常生气，你们太过分了
    你们这是欺骗消费者，骗子公司
    说了多少遍了，你听不懂人话吗
    一直让我等，等到什么时候去
    问了半天什么也没解决，浪费我时间
    再不解决我就去投诉曝光你们
    什么垃圾东西，再也不会买了
    你们是在耍我吗，一次又一次
    我对你们失望透顶
    没一个人负责，互相踢皮球
    呵，你们的效率可真高啊，佩服
    谢谢你们毁了我的周末，真行
    敷衍了事，根本不把顾客放在眼里
    赶紧给我解决，不然我报警了
    这都多少天了还没动静，搞笑呢
    太气人了，花钱买罪受
    我已经忍了很久了，别逼我发火
    每次都是这套说辞，烦不烦
    什么态度啊，你们就这样做生意的吗
    能不能干点正事，别再糊弄我了
    你这机器人真是个废物，一点用都没有
    凭什么要我承担，明明是你们的错
    真是无语，从来没见过这么差的公司
    我现在就要一个说法，别再推脱了
    钱扣了东西不发，你们还有没有良心
    太让人寒心了，我要退出，永远不用你们
    别再给我发这些没用的话了
    又坏了，又坏了，你们到底行不行
    骗我说今天到，结果连个影子都没有
    我要疯了，怎么折腾这么多次都不行
    你们太不讲理了，把责任都推给我
    简直不可理喻，让你们领导来跟我说
    差评，谁买谁后悔
""")

CALM = _lines("""
    how do I change my delivery address?
    can you tell me when my order will arrive
    I would like to return a jacket, how does that work
    my payment did not go through, what should I do
    the app shows an error when I log in
    I forgot my password, how can I reset it
    my card was stolen, please block it
    there is a charge on my statement that I do not recognise
    I received the wrong item, can I exchange it
    my refund has not arrived yet, when can I expect it
    is there a way to pay in instalments
    what are your opening hours
    I want to cancel my order please
    where can I see my invoices
    why was I charged a fee for the transfer
    the machine kept my card, what now
    my transfer is still pending, is that normal
    it does not work on my phone, is there another way
    thank you very much, that helped
    okay, no problem, I will wait
    hello, I have a question about my account
    set an alarm for seven in the morning
    what is the weather like tomorrow
    play some music
    how much money do I have in my account
    could you explain how the exchange rate is worked out
    I think there is a mistake in my bill, could you check
    the package is damaged, what do you need from me
    please send the receipt again
    which documents do I need to open an account
    I'd like to speak to someone about my contract
    is the discount still valid?
    great, it works now, thanks a lot!
    I was told it takes five days, is that right
    order number is 4471
    tell me a joke
    haha that was funny, another one
    tell me a story
    sing me a song
    sorry, I meant the other order
    what do you think about life
    I meant it as a joke
    parcel came squashed, two cups are broken
    ordered the wrong thing, can you kill the order
    half of it is missing from the box
    locked out, wrong code too many times
    courier never rang, where do I pick it up
    voucher isnt taken at checkout
    points havent come yet after the review
    changed my mind, don't want it any more
    delete my account and stop the newsletter
    its two sizes too small
    invoice has the wrong company on it
    paid twice by accident
    it stopped working after a week, is that covered
    tracking has not moved for four days
    sorry, what did you say?
    could you say that once more, I did not catch it
    please be quiet for a while
    stop for now, I am done
    never mind, forget it
    are you a robot or a real person?
    what can you do, and who made you
    I think what you said is not correct
    yes, that is right
    no, that is wrong, I meant the other one
    could you speak more slowly
    why do you need so much information about me
    please close my account, I do not need it any more
    your machine did not give me all the cash I asked for
    it keeps asking me for my identity, what do I do
    I was not at that shop, the payment is not mine
    good talking to you
    the top-up failed, could you tell me why
    translate good night into French
    how do I file a complaint, and with whom
    throw away the reservation that I made
    I would rather have the cheaper one
    怎么修改收货地址
    我的订单什么时候能到
    我想退货，需要怎么操作
    付款没成功，应该怎么办呢
    登录的时候显示错误，请帮忙看看
    忘记密码了怎么找回
    银行卡丢了，请帮我挂失
    账单里有一笔不认识的消费，能查一下吗
    收到的东西发错了，可以换吗
    退款还没到账，一般要几天
    可以分期付款吗
    你们几点上班
    麻烦帮我取消订单
    在哪里可以开发票
    为什么转账会收手续费
    转账还在处理中，这正常吗
    手机上打不开，还有别的办法吗
    谢谢，问题解决了
    好的，没关系，我等等
    你好，我想咨询一下账户的问题
    明天早上七点叫我起床
    今天天气怎么样
    放一首好听的歌
    我卡里还有多少余额
    包裹有点破损，需要我提供什么
    麻烦再发一次收据
    开户需要什么材料
    优惠活动还有吗
    帮我订一张去上海的火车票
    红烧肉怎么做
    打开音乐播放器
    订单号是4471
    给我讲个笑话
    这个和那个有什么区别
    太好了，可以用了！
    想问一下会员有哪些权益
    给我说个笑话听听
    给我讲个故事吧
    给我放首歌
    给我查一下余额
    你会讲笑话吗
    给我唱首歌好不好
    给我推荐一本书
    给我写一首诗
    哈哈，真好笑，再来一个
    收到的水果坏了几个，可以赔吗
    不合适，能退吗
    拍错了，帮我取消一下
    少发了一件，麻烦补一下
    积分还没到，要等多久
    优惠券用不了，是什么原因
    快递三天没更新了，到哪里了
    密码输错太多次，被锁住了
    不想收到短信了，怎么取消
    用了一周就开不了机，在保修期吗
    尺码偏大，换小一号
    不小心付了两次钱
    快递员没打电话就放门口了，下次能提前说吗
    发票抬头写错了，能改吗
    不好意思，你刚才说什么
    没听清，再说一遍可以吗
    先停一下吧
    算了，不用了
    你是机器人还是真人
    你会唱歌吗
    你说的好像不太对
    对，就是这个意思
    不是这个，我说的是另外一个
    背一首唐诗给我听
    下一句诗是什么
    我要看新闻
    我想看恐怖片
    那部电影是谁演的
    给妈妈打个电话
    今晚有什么比赛
    帮我注销账号，我不用了
    这笔交易不是我做的，帮我看看
    取款机没吐够钱，怎么处理
    怎么投诉，要找哪个部门
    我觉得便宜一点的那个更好
    下雨了吗
""")
