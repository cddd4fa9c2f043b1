"""Words that tell English names: common given names and surnames, and capitalised words that are neither."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GIVEN_NAMES = _words(
    """
    aarav aaron abdul abigail abraham adaeze adam adele adrian agnes ahmed aidan aisha akira alan albert alejandro
    alex alexander alexandra alexis alfred ali alice alicia alison allan allen allison alma alyssa amanda amber
    amelia amina amir amira amit amy ana ananya anastasia andre andrea andreas andrew angel angela angelica angus
    anil anita ann anna anne annette annie anthony antonio aoife april ariana arjun arlene arthur ashley audrey
    aurora austin ava barbara barry beatrice becky ben benjamin bernadette bernard bernice bertha beth bethan
    bethany betty beverly bilal bill billy bin blake bo bob bobby bonnie brad bradley brandon brenda brendan brett
    brian bridget brittany bruce bryan bryce caleb callum calvin cameron camila caoimhe carl carla carlos carmen
    carol caroline carolyn carrie casey cassandra catherine cathy cecilia cedric celia chad chao charlene charles
    charlie charlotte chelsea cheryl chester chidi chinwe chloe chris christian christina christine christopher
    ciara cindy claire clara clarence claude claudia clayton clifford clyde cody colin colleen connie connor
    constance corey courtney craig cristina crystal curtis cynthia daisy dale damian dan dana daniel daniela
    danielle danny darlene darren darryl dave david dawn dean deborah debra deepak delia denise dennis derek derrick
    desmond diana diane diego divya dolores dominic don donald donna dora doreen doris dorothy doug douglas drew
    duane dustin dwight dylan earl eddie edgar edith edmund edna eduardo edward edwin eileen elaine eleanor elena
    eli elijah elisa elizabeth ella ellen ellie elliot elsie emeka emiko emily emma enrique eoin eric erica erik
    erin ernest esther ethan ethel eugene eva evan evelyn ewan faith fang farah fatima felicia felipe felix feng
    fergus fernando fiona florence frances francesca francis francisco frank franklin fred freddie frederick gabriel
    gabriela gabriella gail gang gareth garry gary gavin gene geoffrey george georgia georgina gerald geraldine
    gerard gilbert gina giovanni gladys glen glenda glenn gloria gordon grace graham greg gregory guadalupe
    guillermo gwen gwendolyn hamza hannah hans hao harold harriet harry haruto harvey hassan hazel heather hector
    heidi helen henry herbert herman hilary hilda hiroshi holly hong hope howard hua hugh hugo hui ian ibrahim ida
    ifeoma ignacio imran ingrid irene iris irma isaac isabel isabella isla israel ivan ivy jack jackie jackson jacob
    jacqueline jade jake jamal james jamie jan jane janet janice jared jasmine jason javier jay jayden jean jeanette
    jeanne jeff jeffrey jenna jennifer jenny jeremiah jeremy jerome jerry jesse jessica jessie jesus ji-hoon jie
    jill jim jimmy jing jo joan joann joanna joanne joe joel joey johanna john johnny jon jonathan jordan jorge jose
    joseph josephine joshua josie joy joyce juan juanita judith judy julia julian juliana julie juliet jun june
    justin kamal karen karim karl karla kate katelyn katherine kathleen kathryn kathy katie kavita kay kayla keith
    kelly kelvin ken kenji kenneth kerry kevin khadija khalid kim kimberly kirk kristen kristin kristina kurt kwame
    kyle lakshmi lance larry laura lauren laurie lawrence layla leah lee lei leila lena leo leon leonard leroy
    leslie lester leticia lewis liam lillian lillie lily linda lindsay lindsey linh lisa lloyd logan lois lola
    lorenzo loretta lori lorraine louis louise lucas lucia lucille lucy luis luke luther lydia lynn mabel mae maggie
    malcolm mandy manuel marc marcia marco marcus margaret margarita maria mariam marian marianne marie marilyn
    mario marion marjorie mark marlene marsha marshall martha martin marvin mary mason mateo matthew mattie maureen
    maurice max maxine may meera megan mehmet mei melanie melinda melissa melvin mercedes meredith mia michael
    michele michelle miguel mike mildred miles milton min-jun mindy ming minh minnie miranda miriam mitchell mohamed
    mohammad mohammed moira molly mona monica morris moses muhammad muriel mustafa myra myrtle nadia nancy naoko
    naomi natalia natalie natasha nathan nathaniel neha neil nellie ngoc ngozi niamh nicholas nicola nicole nigel
    nina noah nora norma norman nour olga olive oliver olivia olu omar oscar owain owen pablo paige pamela pat
    patricia patrick paul paula pauline pearl pedro peggy penelope penny percy perry peter phil philip phillip
    phoebe phyllis pierre ping pooja priya qiang rachel rafael rahul raj rajesh ralph ramesh ramon randall randy
    rania raquel raul ravi ray raymond rebecca regina reginald rene renee rhonda rhys ricardo rich richard rick
    ricky rita robert roberta roberto robin rochelle rodney roger rohan roland ron ronald ronnie rory rosa rosalie
    rosalind rose rosemary rosie ross roxanne roy ruben ruby rupert russell ruth ryan sabrina sakura sally salma
    salvador sam samantha samir samuel sandra sandy sanjana sanjay santiago saoirse sara sarah saul scott sean
    sebastian sergei sergio seth shannon sharon shaun shawn sheila shelby shelley sherri sherry shirley shreya
    sidney silvia simon simone siobhan sofia sonia sonya soo-jin sophia sophie stacey stacy stan stanley stella
    stephanie stephen steve steven stewart stuart sue summer sunil sunita suresh susan susie suzanne svetlana sybil
    sydney sylvia takashi tamara tammy tanya tao tara tarek tariq ted temitope teresa terrance terrence terri terry
    thelma theodore theresa thomas thuy tiffany tim timothy tina todd tom tommy toni tony tracey traci tracy travis
    trevor tricia tristan troy tyler tyrone ursula valerie vanessa venkat vera vernon veronica vicki vickie victor
    victoria vijay vikram vincent viola violet virginia vivian vladimir wade wallace walter wanda warren wayne wei
    wendell wendy wesley whitney wilbur wilfred will willard william willie wilma winifred winston xavier xiao xin
    xiu yan yang yasmin yasmine ying yolanda yu yuki yusuf yvette yvonne zachary zahra zainab zoe
    """
)

SURNAMES = _words(
    """
    abbott abdullah acosta adams adeyemi agarwal aguilar ahmed ali allen alvarez anderson andrews armstrong arnold
    atkinson austin bailey baker baldwin ball banerjee banks barber barker barlow barnes barnett barrett barton
    bates baxter beck bell bennett benson berg berry bishop black blair blake booth bowen bowman boyd bradley brady
    brennan brewer briggs brooks brown bryant buchanan burgess burke burns burton bush butler byrne caldwell cameron
    campbell carlson carpenter carr carroll carson carter castillo castro chambers chan chandra chang chapman chavez
    chen cheng choi chopra chowdhury christensen chung clark clarke clayton cole coleman collins connolly conway
    cook cooke cooper costa cox craig crawford cruz cunningham curtis dalton daniels das davidson davies davis
    dawson dean delgado desai diaz dixon doherty donnelly douglas doyle duffy duncan dunn edwards elliott ellis
    estrada evans farrell ferguson fernandez fernando fields fischer fisher fitzgerald fleming fletcher flores flynn
    foley ford foster fowler fox francis franco frank franklin fraser freeman fuller gallagher garcia gardner
    garrett gibson gilbert gill gomez gonzales gonzalez goodwin gordon graham grant gray green greene griffin
    griffiths guerrero gupta guzman hale hall hamilton hansen hanson harding harper harris harrison hart hartley
    harvey hassan hawkins hayes henderson henry hernandez herrera hicks higgins hill ho hoang hodges hoffman holland
    holmes holt hopkins horton houston howard howe howell huang hudson hughes hunt hunter hussain hussein ibrahim
    ito iyer jackson jacobs james jenkins jennings jensen jimenez johansson johnson johnston jones jordan joseph
    joshi kapoor kaur kelley kelly kennedy kerr khan kim king klein knight knowles kowalski kumar lambert lane
    larson lawrence lawson le leblanc lee leonard lewis li lin lindsey liu lloyd logan long lopez lowe lucas lynch
    macdonald mackenzie maldonado mann marsh marshall martin martinez mason matthews mccarthy mcdonald mckenzie
    mclean medina mehta mendez mendoza meyer miller mills mishra mitchell mohammed molina montgomery moore morales
    moran moreno morgan morris morrison morton moss mueller muller munoz murphy murray myers nair nakamura nash
    navarro nelson newman newton nguyen nichols nicholson norman norris novak nowak nunez obi obrien okafor okeke
    okonkwo oliver olsen olson ong ortega ortiz osborne owens padilla page palmer park parker parsons patel
    patterson payne pearce pearson pena perez perkins perry peters petersen peterson petrov pham phillips pierce
    popov porter potter powell powers pratt price quinn ramirez ramos rao ray reddy reed reese reeves reid reilly
    reyes reynolds rhodes rice richards richardson riley rios rivera robbins roberts robertson robinson rodriguez
    rogers rojas romero rose ross rossi rowe roy ruiz russell russo ryan salazar sanchez sanders sandoval santiago
    santos sato saunders schmidt schneider schultz schwartz scott shah sharma sharp shaw shelton shepherd sherman
    silva simmons simon simpson sims singh sinha sloan smith snyder solomon soto spencer stephens stevens stevenson
    stewart stone strickland sullivan summers sutton suzuki swanson tan tanaka taylor thomas thompson thomson
    thornton torres townsend tran tucker turner tyler underwood valdez vargas vasquez vaughn vega verma wagner
    walker wallace walsh walters walton wang ward warner warren washington watanabe waters watkins watson watts
    weaver webb weber webster welch wells west wheeler whitaker white whitfield wilkins wilkinson williams
    williamson willis wilson wong wood woods wright wu xu yamamoto yang yates yilmaz young yu zhang zhao zhou zhu
    zimmerman
    """
)

NOT_NAMES = _words(
    """
    a abdomen abdominal abg about above absent abuse academic accident accordingly account acetaminophen acs active
    activity acute additionally address adenocarcinoma administered admission admit admitted adopted adult advanced
    adverse advice advil af afib african after afterwards again age aged agreed airway albumin albuterol alcohol
    alert alive all allergic allergies allergy already als also altogether am ambulance ambulatory america american
    aml among amoxicillin an anaemia analgesia and anemia anesthesia angina ankle another antibiotic antibiotics any
    anyway apgar appears appointment april are around arrhythmia arthritis as asian aside asked aspirin assessed
    assessment associate associated asthma at atenolol atorvastatin atrial attended attending august aunt available
    avenue az azithromycin baby back background baseline bath be because bed before being below benign bid bilateral
    biopsy bisoprolol bladder bleeding blood bmi board bone both bowel bp bph brain breast breath briefly britain
    british brother bun but by bypass ca cad call campus can canada cancer cannot carcinoma cardiac cardiologist
    cardiology care carer case cataract caucasian cause cbc cdiff ceftriaxone cell center central centre certainly
    chart check chemotherapy chest chf chief child children china chinese chronic church cigarettes ciprofloxacin
    circulation citalopram city ckd classic clear clearly clinic clinical clinician clinics cll clopidogrel cml co
    codeine coding college colon coma combined comfort comments community complaint complaints complete completed
    complications concerns condition conditions confirmed congestive consent consistent consult consultant
    consultation contact continue continued control copd cor coronary correspondence cough could counselled count
    county course court cousin covid cp cranial creatinine critical cross csf ct culture current currently cva cxr
    dad daily date daughter day days dead death deceased december decreased deep delivery dementia denied denies
    dental department depression dermatology describes despite developed development dexamethasone diabetes diabetic
    diagnosed diagnosis diagnostic dialysis diastolic diazepam did died diet digoxin discharge discharged discussed
    disease disorder district dizziness dlbcl dm dnar dnr do dob doctor does domiciliary dose doxycycline drain
    dressing drinks drive drug due dvt dx dyspnea each ear ecg echo ed edd edema ekg elderly elective
    electrocardiogram electronically eliquis emergency encounter endoscopy england english enoxaparin ent epilepsy
    episode er esbl esr estranged et european evaluation evening eventually everything evidence exam examination
    examined except exertional extended extremities eye eyes face failure family father fax february female femoral
    fentanyl fever few fhir fhx fibrillation finally findings first firstly fl flat floor flu fluid follow followed
    following foot for former fortunately found foundation fracture france french friday from frontal full function
    furosemide further furthermore ga gabapentin gait gastric gcs general generally gerd german germany get gist
    given glucose good gp grandfather grandmother great greek green gross group had hand has have having hba1c hbv
    hcc hcv he head headache headaches health healthy hearing heart hello hematology hemoglobin hence heparin
    hepatic hepatitis her here hernia hey hgb hi high hill him hip his hispanic history hiv home hopefully hospital
    hospitalist hour hours house how however hpi hpv hr htn hunter hx hydrochlorothiazide hypercholesterolemia
    hyperlipidemia hypertension hypertensive i ibd ibs ibuprofen icd icu id if il ill illness im imaging immediate
    immediately impression improved in increased indeed independent india indian infarction infection infections
    inferior infirmary informed initial initially injury inpatient inr instead institute instructions insulin
    insurance intact intensive interestingly internal intervention into ireland irish is ischemic it italian italy
    its iv january japan japanese jewish july june kidney kindly knee known korean kub lab laboratory labs lane
    lantus lasix last lastly lately later lateral left leg legs lesion letter level levels levothyroxine lft lie
    light like likewise lipitor lisinopril liver lives living lmp loinc london lorazepam losartan loss low lower
    lumbar lung lungs lying lymphoma ma mainly male malignant man management march marital married maternal may md
    me meanwhile medicaid medical medicare medication medications medicine melanoma memorial memory mental mercy
    metformin methotrexate metoprolol mexican mi mild moderate modified monday month months moreover morning
    morphine most mostly mother motrin mount mouth mr mri mrn mrs mrsa ms multiple multivariate mum muscle muslim my
    myocardial name naproxen national nausea nc neck negative nerve neuro neurologic neurologist neurology
    nevertheless new ng nhs night nil nj nka nkda no non noncontributory none nonetheless nonsmoker normal normally
    north not note noted notes notified november now npo nsaid nsclc nstemi nurse nursing ny obese observation
    obstetric obstructive obviously occasional occupation october of office often oh ok old omeprazole on once
    oncology ondansetron one ongoing only open operation operative ophthalmology or oral orders organ orthopaedic
    orthopedic orthopedics other otherwise our out outpatient over overall oxycodone oxygen pa paediatric page pain
    palliative palpitations pantoprazole paracetamol parents park partner past paternal patient patients pcr pe peg
    pelvic pelvis pending penicillin percutaneous perhaps peripheral pharmacist pharmacy phone physical physician
    physiotherapy picc plan plavix please plt plus pm pmh pneumonia po polish polyps poor positive possible post ppi
    pr practice practitioner prednisolone prednisone pregnancy prescribed prescription present presented presenting
    presently presents previous previously primary prior prn probable problem problems procedure professor progress
    prostate provider psa psh psychiatric psychiatry pt pulmonary pulse pupils pv qid quit quite ra radiology
    ramipril rate rather re reaction reason recent recently recommend recommendations record recovery recurrence red
    ref referral referred reflexes reflux regarding regional registrar regular rehabilitation relationship remains
    renal repeat replacement report reported reports request requested resident residents respiratory responded
    result results resuscitation reverse review reviewed rheumatoid rheumatology right road routine royal rr rsv
    russian rx sadly safe said saint sars saturday saw say sc scan school scotland screening second secondary
    secondly section see seemingly seen seizure seizures senior september sertraline service services severe sex she
    shortly shortness should shoulder side sign signed signs similarly simple simplified simvastatin since sincerely
    sister skin sle sleep smoker smoking snomed sob social some sometimes somewhat son soon south spain spanish
    speech spinal spine spo2 spoke spouse square ssn ssri stable staff stage standard start started state states
    status stemi stenosis sternal still stomach stool stopped street stroke student subjective subsequently
    substance sunday supervised supine support surely surgeon surgeries surgery surgical svt swelling symptoms
    syncope system systems systolic take taken tb tel telephone temp temperature tests than thanks that the their
    them then therapist therapy there thereafter therefore these they thigh this thoracic those throat thrombosis
    through thursday thus thyroid tia tid time times tissue to today together tolerated tomorrow tonight total tpn
    tramadol transfer transferred treated treatment triage trial trust tsh tuberculosis tuesday tumor tumors tumour
    tumours twice two tx tylenol type typically uk ulcer ultimately ultrasound uncle under unfortunately unit united
    university unknown unless unlike unremarkable until up upper urgent urinary urine urology us usa use usual
    usually uterine uti va vaccine vaginal valley valve vancomycin vascular venous ventolin ventricular very
    veterans vf via village visit vital vitals vomiting vre vt vte wa wales walk walking wall ward warfarin warning
    was wbc we wednesday weight well welsh went were west wheezing when whenever where whereas whether which while
    who whose widow widower wife will wing with within without woman work works worse worsening wound x-ray xarelto
    year years yes yesterday yet yo you your zoloft
    """
)

EPONYM_NOUNS = _words(
    """
    abscess agar airway anaemia anemia angina ankle aphasia approach arthropathy ataxia bacillus block blocks bodies
    body breathing bypass canal carcinoma catheter cell cells checklist chorea clamp classification collar coma
    contracture contusion correction crisis criteria curve cyst deformity dementia disease disorder diverticulum
    drain duct dystrophy effect elbow encephalopathy equation esophagus exam examination facies fever filter foramen
    forceps formula fracture fundoplication gait gangrene gland glands goiter goitre grade grading granulomatosis
    hernia hump incision index infection inventory keratosis knee law lesion leukaemia leukemia ligament line lines
    loop lymphoma macroglobulinemia maneuver manoeuvre mask melanoma method murmur needle nephritis nephropathy
    neuropathy node nodes nodule oesophagus operation osteodystrophy osteomyelitis pad palsy phenomenon phlebitis
    plaques plexus point position pouch pouches procedure prosthesis protocol pulse purpura questionnaire reaction
    reflex regimen repair respiration respirations retinopathy retractor ring ringer's sarcoma scale score shunt
    sign signs solution splint spots stage staging stain staining stockings syndrome technique tendon test tests
    tetrad thyroid thyroiditis tract tremor triad trunk tube tumor tumour ulcer ulceration vasculitis view views
    virus wave waves wort
    """
)
"""What stands behind a name that is a disease's or an instrument's: `Bell's palsy`, `Foley catheter`."""

ORGANISATIONS = _words(
    """
    avenue building center centre church city clinic clinics close college county court crescent drive foundation
    general hall health healthcare hospital house infirmary institute lane lodge medical memorial park pharmacy road
    scale school score square street surgery trust unit university ward way wing
    """
)
"""What follows a name that is a place's."""

ALSO_WORDS = _words(
    """
    al amber an angel april art austin bell bill bin bo bob carol case chad chao charlotte chase christian constance
    crystal daisy dale dan dawn dean della drew faith fang florence frank gang gene glen grace grant guy hao hazel
    holly hong hope hua hui iris israel ivy jack jade jan jesus jo joe jordan joy jun june kay lance lee ling long
    mark max may mei mercedes miles min ming olive page pat pearl penny ping prudence ray rich rose ruby sandy star
    summer sun sunny sydney tao van victor victoria violet virginia wei will xin yan yang young yu
    """
)
"""Given names that are too many other things to count without a surname that is known."""

CHINESE_SURNAMES = _words(
    """
    bai cai cao chen cheng cui dai deng ding dong du duan fan fang feng fu gao gu guo han hao he hou hu huang jia
    jiang jin kang kong lei li liang liao lin liu long lu luo ma mao meng pan peng qian qin qiu ren shao shen shi
    song su sun tan tang tian wan wang wei wu xia xiao xie xiong xu xue yan yang yao ye yin yu yuan zeng zhang zhao
    zheng zhong zhou zhu zou
    """
)
"""As they are written in Latin letters."""
