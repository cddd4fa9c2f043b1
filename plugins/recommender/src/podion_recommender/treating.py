"""What an experiment makes of a wish and of the tenant's settings."""

from dataclasses import replace

from podion_recommender.config import RecommenderSettings
from podion_recommender.serving import Wish
from podion_recommender.trials import Experiment, treatment


def treated(
    wish: Wish, settings: RecommenderSettings, experiment: Experiment | None
) -> tuple[Wish, RecommenderSettings]:
    """Return a wish and settings as the arm that its user is in changes them; both as they are for everybody else."""
    told = treatment(experiment, wish.user_id)
    chosen = {"exploration": told.exploration, "diversity": told.diversity}
    changes = {name: value for name, value in chosen.items() if value is not None}
    changed = replace(
        wish,
        experiment=told.experiment,
        variant=told.variant,
        adapter=told.adapter,
        personalized=wish.personalized and told.personalized is not False,
    )
    return changed, settings.model_copy(update=changes) if changes else settings
