"""The question a recommender answers: what comes next for this user, out of the whole catalogue."""

from podion import Method, Metric, OwnHead, RankingAnswer, Split, Task
from podion_recommender.past import VisitHistory
from podion_recommender.schema import Item, Visit

next_item = Task(
    name="next_item",
    record=Visit,
    head=OwnHead("podion_recommender.heads.next_item:NextItemHead", RankingAnswer),
    text=None,
    label="item_id",
    metric=Metric("ndcg@10"),
    split=Split(last="user_id", time="timestamp"),
    methods=(Method.HEAD,),
    keep=1.0,
    history=VisitHistory,
    challengers=(
        "podion_recommender.challengers:Popularity",
        "podion_recommender.challengers:ItemCosine",
        "podion_recommender.challengers:SequenceCosine",
        "podion_recommender.challengers:AlternatingLeastSquares",
    ),
    items=Item,
    item_text="words",
)

TASKS = (next_item,)
