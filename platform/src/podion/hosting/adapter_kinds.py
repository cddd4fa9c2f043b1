"""Which of PEFT's methods may share a pass: the code's side of the table in docs/hosting.md."""

from typing import Literal

Mixed = Literal["LORA", "ADALORA", "IA3"]
"""Methods whose adapters are a change of single matrices that rows of one batch can have each their own of."""
