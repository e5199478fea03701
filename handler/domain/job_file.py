"""Jobs as people write them: ``jobs/NAME.json``, and the same JSON given to a worker directly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from handler.domain.errors import Rejected
from handler.domain.job import (
    LARGEST_WORKING_SIZE_PX,
    LONGEST_KEY_BYTES,
    LONGEST_STYLE_NAME,
    STYLES,
    VIDEOS,
    JobRequest,
    SourceObject,
    check_style_name,
    check_video_key,
    clipped,
)
from handler.domain.keyframes import Frames
from handler.domain.route import Route
from handler.domain.timeline import Look, LookChange, Timeline

LARGEST_JOB_FILE_BYTES = 64 * 1024
SMALLEST_WORKING_SIZE_PX = 64
MOST_LOOKS = 1000
MOST_STYLES = 16
"""Every picture of a job lies on the worker's disk at the same time."""

LATEST_LOOK_SECONDS = 24 * 3600
LARGEST_BUDGET_USD = 10_000


def read_json(text: str | bytes, what: str) -> dict[str, Any]:
    """A JSON object. NaN and infinite numbers pass; there is no field that takes them.

    Args:
        text: UTF-8 if bytes; a byte order mark is passed over.
        what: is read, to begin the sentence "... is not JSON".

    Raises:
        Rejected: it is no JSON object, or names a field twice.
    """
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8-sig")
        content = json.loads(plain, object_pairs_hook=_without_repetition)
    except UnicodeDecodeError as error:
        raise Rejected(f"{what} is not JSON: it is not UTF-8 text") from error
    except RecursionError as error:
        raise Rejected(f"{what} is not JSON that can be read: it is nested too deep") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Rejected(f"{what} is not JSON: {error.msg} at {place}") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise Rejected(f"{what} is not JSON that can be read: a number is too long") from error
    if not isinstance(content, dict):
        raise Rejected(f"{what} is not a JSON object")
    return content


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in fields if names.count(name) > 1)
        raise Rejected(f"the field {clipped(twice)} is given twice")
    return fields


def _checked(check: Callable[[str], object]) -> AfterValidator:
    def validate(value: str) -> str:
        try:
            check(value)
        except Rejected as rejection:
            raise _wrong(rejection.reason) from rejection
        return value

    return AfterValidator(validate)


def _wrong(sentence: str) -> PydanticCustomError:
    # Pydantic formats the text as a template; given as a value it stays as it is.
    return PydanticCustomError("wrong", "{sentence}", {"sentence": sentence})


def _given(value: Any) -> Any:
    if value is None:
        raise _wrong("null says nothing here; leave the field out")
    return value


def _size(value: Any, handler: ValidatorFunctionWrapHandler) -> int | str:
    try:
        size: int | str = handler(value)
    except ValidationError as error:
        raise _wrong(
            f"it takes a whole number from {SMALLEST_WORKING_SIZE_PX} to "
            f'{LARGEST_WORKING_SIZE_PX}, or "source"'
        ) from error
    return size


def _place(value: Any, handler: ValidatorFunctionWrapHandler) -> str | None:
    try:
        place: str | None = handler(value)
    except ValidationError as error:
        raise _wrong('it takes "auto", "lambda" or "step-functions"') from error
    return place


def _never_null(schema: dict[str, Any]) -> None:
    del schema["default"]
    kinds = [kind for kind in schema.pop("anyOf") if kind != {"type": "null"}]
    schema.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


VideoKey = Annotated[
    str,
    Field(max_length=LONGEST_KEY_BYTES, json_schema_extra={"pattern": f"^{VIDEOS}.+"}),
    _checked(check_video_key),
]
StyleName = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_STYLE_NAME, json_schema_extra={"pattern": "^[^/]+$"}),
    _checked(check_style_name),
]
WorkingSize = Annotated[
    Annotated[int, Field(ge=SMALLEST_WORKING_SIZE_PX, le=LARGEST_WORKING_SIZE_PX)]
    | Literal["source"],
    WrapValidator(_size),
]
Budget = Annotated[float, Field(gt=0, le=LARGEST_BUDGET_USD, allow_inf_nan=False)]
MAY_BE_LEFT_OUT = (BeforeValidator(_given), Field(json_schema_extra=_never_null))
"""A field that is None when it is not given, and can't be given as null."""


EXPECTATIONS = {
    "model_type": "it takes an object",
    "string_type": "it takes text",
    "string_unicode": "it holds halves of characters",
    "list_type": "it takes a list",
    "float_type": "it takes a number",
    "literal_error": 'it takes "keyframes" or "every"',
}
"""What Pydantic's own messages say in words of programmers."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LookFields(_Strict):
    """What the video looks like from a second on, until the next look begins."""

    at: float = Field(
        ge=0,
        le=LATEST_LOOK_SECONDS,
        allow_inf_nan=False,
        description="Seconds from the first frame; 0 for the first look, rising from there.",
    )
    style: StyleName | None = Field(
        description=f"File name, without its ending, of a picture under {STYLES}; null leaves the "
        "video as it is."
    )

    def as_change(self) -> LookChange:
        return LookChange(Fraction(str(self.at)), Look(self.style))


Looks = Annotated[list[LookFields], Field(min_length=1, max_length=MOST_LOOKS)]


class JobFile(_Strict):
    """What to paint, and how. Without `style` and `timeline` the video's own folder, its metadata
    or the stack's default name the style."""

    model_config = ConfigDict(
        title="A job of artreel",
        json_schema_extra={
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "not": {"required": ["style", "timeline"]},
            "examples": [
                {
                    "video": "videos/clip.mp4",
                    "timeline": [{"at": 0, "style": None}, {"at": 4, "style": "monet"}],
                    "working_size": 1024,
                    "budget_usd": 2.0,
                }
            ],
        },
    )

    video: VideoKey = Field(description=f"Key of a video under {VIDEOS} in the input bucket.")
    style: Annotated[StyleName | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description=f"File name, without its ending, of a picture under {STYLES}: one style from "
        "the first frame to the last.",
    )
    timeline: Annotated[Looks | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description=f"Looks in order, of at most {MOST_STYLES} different styles; instead of "
        "`style`.",
    )
    working_size: Annotated[WorkingSize | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description='Long side in pixels at which frames are painted, or "source"; the stack\'s '
        "default if not given. The result always has the source's size.",
    )
    frames: Annotated[Literal["keyframes", "every"] | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description='"keyframes", as if not given, paints some frames and carries their paint to '
        'those between; "every" paints each frame alone.',
    )
    budget_usd: Annotated[Budget | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description="US dollars that the job may cost at most; one that is estimated to cost more "
        "is rejected before anything is painted.",
    )

    run_on: Annotated[
        Literal["auto", "lambda", "step-functions"] | None,
        WrapValidator(_place),
        *MAY_BE_LEFT_OUT,
    ] = Field(
        default=None,
        description='"lambda" paints in one function, "step-functions" in many; "auto", as if not '
        "given, in one if the video fits.",
    )

    @model_validator(mode="after")
    def _style_or_timeline(self) -> JobFile:
        if self.style is not None and self.timeline is not None:
            raise _wrong("give either a style or a timeline, not both")
        return self

    @property
    def looks(self) -> Timeline | None:
        """Raises Rejected when the looks do not follow each other."""
        if self.style is not None:
            return Timeline.of_style(self.style)
        if self.timeline is None:
            return None
        timeline = Timeline(tuple(look.as_change() for look in self.timeline))
        if len(timeline.styles) > MOST_STYLES:
            raise Rejected(
                f"the timeline names {len(timeline.styles)} styles; at most {MOST_STYLES} are taken"
            )
        return timeline

    @property
    def working_size_px(self) -> int | None:
        return LARGEST_WORKING_SIZE_PX if self.working_size == "source" else self.working_size


def job_in(
    fields: Mapping[str, Any], bucket: str, job_file: SourceObject | None = None
) -> JobRequest:
    """The one parser of jobs, for job files, events and arguments.

    Args:
        fields: of a JSON object.
        bucket: the input bucket, in which all that a job names must lie.
        job_file: where the fields were read, if from a file.

    Raises:
        Rejected: a field is unknown, missing or wrong; the sentence names it.
    """
    try:
        given = JobFile.model_validate(fields)
    except ValidationError as error:
        raise Rejected(_sentence(error)) from error
    return JobRequest(
        bucket=bucket,
        key=given.video,
        timeline=given.looks,
        working_size_px=given.working_size_px,
        frames=Frames(given.frames or Frames.KEYFRAMES),
        budget_usd=given.budget_usd,
        run_on=None if given.run_on in (None, "auto") else Route(given.run_on),
        job_file=job_file,
    )


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    path = ""
    for part in first["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f"{'.' if path else ''}{part}"
    if first["type"] == "extra_forbidden":
        known = JobFile if len(first["loc"]) == 1 else LookFields
        return f"the field {clipped(path)} is unknown; known are {', '.join(known.model_fields)}"
    if first["type"] == "missing":
        return f"the field {clipped(path)} is missing"
    message = EXPECTATIONS.get(first["type"], first["msg"])
    where = f"the field {clipped(path)}" if path else "the job"
    return f"{where} is wrong: {message[0].lower()}{message[1:]}"


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a job file: ``infra/job.schema.json``."""
    return JobFile.model_json_schema()
