"""What recommendation does by itself, what it tells, and what it keeps beside its lists."""

from podion import JobType, Schedule
from podion_recommender import debias, offline_eval, position_bias, retraining
from podion_recommender.catalogue import Nothing
from podion_recommender.offline_report import OfflineReport
from podion_recommender.position_bias import PositionBias
from podion_recommender.retraining import RetrainingState
from podion_recommender.steering import Steering
from podion_recommender.trials import Experiment

_BIAS = "fit_position_bias"
_HOUR = 3_600

KINDS = (Experiment, OfflineReport, PositionBias, RetrainingState, Steering)
EVENTS = (retraining.DUE,)
JOBS = (
    JobType(name=offline_eval.JOB, payload=offline_eval.Evaluation, run=offline_eval.evaluate, attempts=2),
    JobType(name=_BIAS, payload=Nothing, run=position_bias.fit_daily),
    JobType(name=debias.JOB, payload=Nothing, run=debias.learn_weights),
    JobType(name=retraining.JOB, payload=Nothing, run=retraining.look_hourly),
)
SCHEDULES = (
    Schedule(job=_BIAS, every_seconds=24 * _HOUR),
    Schedule(job=debias.JOB, every_seconds=24 * _HOUR),
    Schedule(job=retraining.JOB, every_seconds=_HOUR),
)
