"""The peers' own virtual environments: built once from lists of exact versions, kept in a folder that git ignores."""

import hashlib
import subprocess
import sys
from pathlib import Path

LISTS = Path(__file__).with_name("peers")
BUILD_SECONDS = 900


def python_of(peer: str, venvs: Path, *, build: bool) -> Path:
    """Return a peer's Python, building its environment the first time; raises `RuntimeError` that says why not."""
    wanted = LISTS / f"{peer}.txt"
    folder = venvs / peer
    stamp = folder / "installed"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return folder / "bin" / "python"
    if not build:
        raise RuntimeError(f"{peer} is not installed in {venvs.name}/: run without --quick, or with --build")
    print(f"  installing {peer}", file=sys.stderr)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    _run([str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "-r", str(wanted)])
    stamp.write_text(digest)
    return folder / "bin" / "python"


def quantised(python: Path, model: Path, folder: Path, *, build: bool) -> Path:
    """Return the model as ONNX with dynamic int8 (VNNI), made by optimum the first time, for infinity's best mode."""
    if not (folder / "model_quantized.onnx").is_file():
        if not build:
            raise RuntimeError(f"{folder.name} is not made yet: run without --quick, or with --build")
        tool, onnx = str(python.with_name("optimum-cli")), folder.with_name(f"{folder.name}-fp32")
        options = ["--task", "feature-extraction", "--library", "transformers"]
        _run([tool, "export", "onnx", "--model", str(model), *options, str(onnx)])
        _run([tool, "onnxruntime", "quantize", "--onnx_model", str(onnx), "--avx512_vnni", "-o", str(folder)])
    return folder


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{' '.join(command[:4])} took more than {BUILD_SECONDS} s") from error
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-300:]}")


def sentence_transformer(base: Path, folder: Path) -> Path:
    """Lay out an installed base as infinity wants one, by links, and return its folder."""
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(base / name)
    for name, content in _LAYOUT.items():
        (folder / name).write_text(content)
    return folder


_LAYOUT = {
    "modules.json": (
        '[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},'
        ' {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]'
    ),
    "1_Pooling/config.json": '{"word_embedding_dimension": 384, "pooling_mode_mean_tokens": true}',
    "sentence_bert_config.json": '{"max_seq_length": 128, "do_lower_case": false}',
    "tokenizer_config.json": (
        '{"tokenizer_class": "BertTokenizerFast", "model_max_length": 128, "do_lower_case": true, "cls_token": "[CLS]",'
        ' "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}'
    ),
}
