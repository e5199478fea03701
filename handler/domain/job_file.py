"""Jobs as people write them: ``jobs/NAME.json``, and the same JSON given to a worker directly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from handler.domain.compare import Compare
from handler.domain.errors import Rejected
from handler.domain.job import (
    LARGEST_WORKING_SIZE_PX,
    LONGEST_KEY_BYTES,
    LONGEST_STYLE_NAME,
    MASKS,
    SMALLEST_WORKING_SIZE_PX,
    STYLES,
    VIDEOS,
    JobRequest,
    SourceObject,
    check_mask_key,
    check_style_name,
    check_video_key,
    clipped,
)
from handler.domain.keyframes import Frames
from handler.domain.route import Route
from handler.domain.timeline import Look, LookChange, Timeline
from handler.domain.treatment import (
    FEATHER_PX,
    LARGEST_FEATHER_PX,
    LARGEST_STYLE_SCALE,
    SMALLEST_STYLE_SCALE,
    KeepColors,
    Mask,
    Treatment,
)

LARGEST_JOB_FILE_BYTES = 64 * 1024
MOST_LOOKS = 1000
MOST_STYLES = 16
"""Every picture of a job lies on the worker's disk at the same time."""

LATEST_LOOK_SECONDS = 24 * 3600
LONGEST_FADE_SECONDS = 3600
LARGEST_WEIGHT = 1000
LARGEST_BUDGET_USD = 10_000
LONGEST_DEADLINE_SECONDS = 7 * 24 * 3600


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
    """Lets pass what a check does; the context of a validation may have another in its place."""

    def validate(value: str, info: ValidationInfo) -> str:
        try:
            (info.context or {}).get(check, check)(value)
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


def _colors(value: Any) -> Any:
    if not isinstance(value, bool) and value not in [*KeepColors]:
        raise _wrong('it takes true, false, "luminance" or "match"')
    return value


def _way(value: Any) -> Any:
    if value is not False and value not in [*Compare]:
        raise _wrong('it takes false, "side", "split" or "wipe"')
    return value


def _place(value: Any, handler: ValidatorFunctionWrapHandler) -> str | None:
    try:
        place: str | None = handler(value)
    except ValidationError as error:
        raise _wrong('it takes "auto", "lambda", "step-functions" or "batch"') from error
    return place


def _never_null(schema: dict[str, Any]) -> None:
    del schema["default"]
    kinds = [kind for kind in schema.pop("anyOf") if kind != {"type": "null"}]
    schema.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


Fields = TypeVar("Fields", bound=BaseModel)
Checks = Mapping[Callable[[str], object], Callable[[str], object]]
"""By the check of a job file, the one that takes its place."""

VideoKey = Annotated[
    str,
    Field(max_length=LONGEST_KEY_BYTES, json_schema_extra={"pattern": f"^{VIDEOS}.+"}),
    _checked(check_video_key),
]
StyleName = Annotated[
    str,
    Field(
        json_schema_extra={"minLength": 1, "maxLength": LONGEST_STYLE_NAME, "pattern": "^[^/]+$"}
    ),
    _checked(check_style_name),
]
MaskName = Annotated[
    str,
    Field(json_schema_extra={"maxLength": LONGEST_KEY_BYTES, "pattern": f"^{MASKS}.+"}),
    _checked(check_mask_key),
]
WorkingSize = Annotated[
    Annotated[int, Field(ge=SMALLEST_WORKING_SIZE_PX, le=LARGEST_WORKING_SIZE_PX)]
    | Literal["source"],
    WrapValidator(_size),
]
Colors = Annotated[bool | Literal["luminance", "match"], BeforeValidator(_colors)]
Budget = Annotated[float, Field(gt=0, le=LARGEST_BUDGET_USD, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=LONGEST_DEADLINE_SECONDS, allow_inf_nan=False)]
MAY_BE_LEFT_OUT = (BeforeValidator(_given), Field(json_schema_extra=_never_null))
"""A field that is None when it is not given, and can't be given as null."""


FIELDS_OF_PREVIEWS = frozenset({"video", "preview", "working_size", "budget_usd"})

EXPECTATIONS = {
    "model_type": "it takes an object",
    "string_type": "it takes text",
    "string_unicode": "it holds halves of characters",
    "list_type": "it takes a list",
    "float_type": "it takes a number",
    "int_type": "it takes a whole number",
    "bool_type": "it takes true or false",
    "literal_error": 'it takes "keyframes" or "every"',
}
"""What Pydantic's own messages say in words of programmers."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


ONE_STYLE, MIX_OF_STYLES = "one style", "mix of styles"
"""Parts of Pydantic's paths to a style that a user did not write."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Weight = Annotated[float, Field(gt=0, le=LARGEST_WEIGHT, allow_inf_nan=False)]
Style = Annotated[
    Annotated[StyleName, Tag(ONE_STYLE)]
    | Annotated[
        dict[StyleName, Weight], Field(min_length=1, max_length=MOST_STYLES), Tag(MIX_OF_STYLES)
    ],
    Discriminator(lambda style: MIX_OF_STYLES if isinstance(style, dict) else ONE_STYLE),
]
STYLE = (
    f"File name, without its ending, of a picture under {STYLES}, or a built-in style; or several "
    "of them with the weight of each"
)


def _exact(number: float) -> Fraction:
    """The number as it was written."""
    return Fraction(str(number))


def _look(style: str | dict[str, float] | None, strength: float, mix: float) -> Look:
    if isinstance(style, dict):
        weights = {name: _exact(weight) for name, weight in style.items()}
        return Look.of(weights, _exact(strength), _exact(mix))
    return Look.of(style, _exact(strength), _exact(mix))


class LookFields(_Strict):
    """What the video looks like from a second on, until the next look begins."""

    at: float = Field(
        ge=0,
        le=LATEST_LOOK_SECONDS,
        allow_inf_nan=False,
        description="Seconds from the first frame; 0 for the first look, rising from there.",
    )
    style: Style | None = Field(description=f"{STYLE}; null leaves the video as it is.")
    strength: Annotated[Share | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description="From the frames' own style (0) to that of the picture (1); the job's "
        "`strength` if not given.",
    )
    mix: Annotated[Share | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description="How much of the paint covers the original; the job's `mix` if not given.",
    )
    fade: float = Field(
        default=0,
        ge=0,
        le=LONGEST_FADE_SECONDS,
        allow_inf_nan=False,
        description="Seconds, from `at` on, in which the look before becomes this one; it has "
        "ended when the next look begins.",
    )

    def as_change(self, strength: float, mix: float) -> LookChange:
        """With the job's own strength and mix where the look has none."""
        look = _look(
            self.style,
            strength if self.strength is None else self.strength,
            mix if self.mix is None else self.mix,
        )
        return LookChange(_exact(self.at), look, _exact(self.fade))


Looks = Annotated[list[LookFields], Field(min_length=1, max_length=MOST_LOOKS)]


class Wishes(_Strict):
    """What a job asks for, in a job file or by options of the command line."""

    style: Annotated[Style | None, *MAY_BE_LEFT_OUT] = Field(
        default=None, description=f"{STYLE}, from the first frame to the last."
    )
    timeline: Annotated[Looks | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description=f"Looks in order, of at most {MOST_STYLES} different styles; instead of "
        "`style`.",
    )
    strength: Share = Field(
        default=1, description="From the frames' own style (0) to that of the picture (1)."
    )
    mix: Share = Field(
        default=1,
        description="How much of the paint covers the original: a plain dissolve, from the "
        "original (0) to the paint alone (1).",
    )
    keep_colors: Colors = Field(
        default=False,
        description='Keep the colours of the video: "luminance", as true, takes the lightness '
        'alone from the paint; "match" first gives the style picture the colours of the video.',
    )
    style_scale: Annotated[float, Field(allow_inf_nan=False)] = Field(
        default=1,
        ge=SMALLEST_STYLE_SCALE,
        le=LARGEST_STYLE_SCALE,
        description="How large the style picture's strokes are taken to be.",
    )
    mask: Annotated[MaskName | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description=f"Key of a picture or a video under {MASKS}, of the video's size: what is "
        "white there is painted, grey half.",
    )
    mask_invert: bool = Field(default=False, description="Paint what is black in the mask instead.")
    mask_feather: int = Field(
        default=FEATHER_PX,
        ge=0,
        le=LARGEST_FEATHER_PX,
        description="Over how many pixels the mask's edges are softened.",
    )
    outside_style: Annotated[Style | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description="As `style`, for what the mask leaves; if not given, that stays the original.",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.style is not None and self.timeline is not None:
            raise _wrong("give either a style or a timeline, not both")
        if self.mask is None:
            for name in ("mask_invert", "mask_feather", "outside_style"):
                if name in self.model_fields_set:
                    raise _wrong(f"the field {name!r} says nothing without a `mask`")
        return self

    @property
    def base_look(self) -> Look:
        """Strength and mix of a style that is named elsewhere."""
        return Look(strength=_exact(self.strength), mix=_exact(self.mix))

    @property
    def looks(self) -> Timeline | None:
        """Raises Rejected when the looks do not follow each other."""
        if self.timeline is not None:
            changes = (look.as_change(self.strength, self.mix) for look in self.timeline)
            timeline = Timeline(tuple(changes))
        elif self.style is not None:
            timeline = Timeline.of(_look(self.style, self.strength, self.mix))
        else:
            return None
        count = len(self.treatment.styles(timeline))
        if count > MOST_STYLES:
            raise Rejected(f"the job names {count} styles; at most {MOST_STYLES} are taken")
        return timeline

    @property
    def treatment(self) -> Treatment:
        colors = "luminance" if self.keep_colors is True else self.keep_colors
        mask = None
        if self.mask is not None:
            outside = _look(self.outside_style, self.strength, self.mix)
            mask = Mask(self.mask, outside, self.mask_invert, self.mask_feather)
        return Treatment(KeepColors(colors) if colors else None, _exact(self.style_scale), mask)


class JobFile(Wishes):
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
                    "timeline": [
                        {"at": 0, "style": None},
                        {"at": 4, "style": "monet", "strength": 0.9, "fade": 0.5},
                        {"at": 9, "style": {"monet": 0.6, "wave": 0.4}},
                    ],
                    "working_size": 1024,
                    "budget_usd": 2.0,
                }
            ],
        },
    )

    video: VideoKey = Field(description=f"Key of a video under {VIDEOS} in the input bucket.")
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
    compare: Annotated[Literal["side", "split", "wipe"] | Literal[False], BeforeValidator(_way)] = (
        Field(
            default=False,
            description='Show the original too: "side" by side, twice as wide; "split" by a line '
            'in the middle; "wipe" moves that line over the picture and back.',
        )
    )
    teaser: bool = Field(
        default=False, description="Also leave four seconds as an animated WebP under 3 MB."
    )
    preview: bool = Field(
        default=False,
        description=f"Paint three frames in every style under {STYLES} instead, or in those that "
        "are built in if there is none, and leave one picture of all.",
    )
    budget_usd: Annotated[Budget | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description="US dollars that the job may cost at most; one that is estimated to cost more "
        "is rejected before anything is painted. Without a deadline the job is painted as soon as "
        "that pays for.",
    )
    deadline_seconds: Annotated[Seconds | None, *MAY_BE_LEFT_OUT] = Field(
        default=None,
        description="Within which the result is wanted, from when a worker takes the job up; the "
        "job is painted as cheaply as keeps it, by estimate, or rejected before anything is "
        "painted.",
    )
    run_on: Annotated[
        Literal["auto", "lambda", "step-functions", "batch"] | None,
        WrapValidator(_place),
        *MAY_BE_LEFT_OUT,
    ] = Field(
        default=None,
        description='"lambda" paints in one function, "step-functions" in many, "batch" in '
        'containers of AWS Batch, if the stack has them; "auto", as if not given, where deadline '
        "and budget are kept, and without these in one function if the video fits.",
    )

    @model_validator(mode="after")
    def _previews_are_plain(self) -> Self:
        if self.preview and (idle := self.model_fields_set - FIELDS_OF_PREVIEWS):
            raise _wrong(f"the field {min(idle)!r} says nothing in a preview; leave it out")
        return self

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
    given = _valid(JobFile, fields)
    return JobRequest(
        bucket=bucket,
        key=given.video,
        timeline=given.looks,
        base_look=given.base_look,
        treatment=given.treatment,
        working_size_px=given.working_size_px,
        frames=Frames(given.frames or Frames.KEYFRAMES),
        compare=Compare(given.compare) if given.compare else None,
        teaser=given.teaser,
        preview=given.preview,
        budget_usd=given.budget_usd,
        deadline_seconds=given.deadline_seconds,
        run_on=None if given.run_on in (None, "auto") else Route(given.run_on),
        job_file=job_file,
    )


def wishes_in(
    fields: Mapping[str, Any],
    check_picture: Callable[[str], object],
    check_mask: Callable[[str], object],
) -> Wishes:
    """The same for what a job wants of a video that lies elsewhere, as on the command line.

    Args:
        check_picture, check_mask: raise Rejected for what is no name of a style, or of a mask.

    Raises:
        Rejected: as ``job_in``.
    """
    return _valid(Wishes, fields, {check_style_name: check_picture, check_mask_key: check_mask})


def _valid(kind: type[Fields], fields: Mapping[str, Any], checks: Checks | None = None) -> Fields:
    try:
        return kind.model_validate(fields, context=checks)
    except ValidationError as error:
        raise Rejected(_sentence(error, kind)) from error


def _sentence(error: ValidationError, kind: type[BaseModel]) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    path = ""
    for part in first["loc"]:
        if part in (ONE_STYLE, MIX_OF_STYLES):
            continue
        path += f"[{part}]" if isinstance(part, int) else f"{'.' if path else ''}{part}"
    if first["type"] == "extra_forbidden":
        known = kind if len(first["loc"]) == 1 else LookFields
        return f"the field {clipped(path)} is unknown; known are {', '.join(known.model_fields)}"
    if first["type"] == "missing":
        return f"the field {clipped(path)} is missing"
    message = EXPECTATIONS.get(first["type"], first["msg"])
    where = f"the field {clipped(path)}" if path else "the job"
    return f"{where} is wrong: {message[0].lower()}{message[1:]}"


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a job file: ``infra/job.schema.json``."""
    return JobFile.model_json_schema()
