"""How options of the command line say what a video is to look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from handler.domain.errors import Rejected
from handler.domain.job import clipped
from handler.domain.timeline import Timeline
from handler.domain.treatment import FEATHER_PX, KeepColors, Treatment
from handler.entrypoints.console import is_file, style_pictures

ORIGINAL = "none"
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
LOOK = re.compile(
    rf"(?P<at>{NUMBER}):(?P<style>.+?)(?:@(?P<strength>{NUMBER}))?(?:~(?P<fade>{NUMBER}))?"
)
PART_OF_MIX = re.compile(rf"(?P<style>.+?)\*(?P<weight>{NUMBER})(?:\+(?=.)|$)")

StyleOption = Annotated[
    str | None,
    typer.Option(
        "--style",
        "-s",
        help="The picture, a JPEG, PNG or WebP, or a built-in style (see `artreel styles`); or a "
        "mix: `a.jpg*0.6+b.jpg*0.4`.",
    ),
]
LookOption = Annotated[
    list[str] | None,
    typer.Option(
        help="SECOND:STYLE@STRENGTH~FADE, several times: from that second on this look, `none` for "
        "the original; @STRENGTH, 0 to 1, and the ~FADE's seconds may be left out."
    ),
]
TimelineOption = Annotated[
    Path | None,
    typer.Option(
        help='The looks in a file, as in a job file: `{"timeline": [...]}`; styles are pictures.'
    ),
]
StrengthOption = Annotated[
    float,
    typer.Option(help="From the frames' own style (0) to the picture's (1), in the paint itself."),
]
MixOption = Annotated[
    float, typer.Option(help="From the original (0) to the paint (1): a plain dissolve.")
]
KeepColorsOption = Annotated[
    KeepColors | None,
    typer.Option(
        help="Keep the video's colours: take the lightness alone from the paint, or first match "
        "the picture's colours to the video's."
    ),
]
StyleScaleOption = Annotated[
    float, typer.Option(help="How large the picture's strokes are taken to be, 0.25 to 4.")
]
MaskOption = Annotated[
    Path | None,
    typer.Option(
        help="A picture or a video of the video's size: what is white there is painted, grey half."
    ),
]
MaskInvertOption = Annotated[bool, typer.Option(help="Paint what is black in the mask instead.")]
MaskFeatherOption = Annotated[
    int | None,
    typer.Option(
        help="Over how many pixels the mask's edges are softened.", show_default=str(FEATHER_PX)
    ),
]
OutsideStyleOption = Annotated[
    str | None, typer.Option(help="As --style, for what the mask leaves; else the original.")
]


@dataclass(frozen=True)
class Wish:
    """What the options ask for.

    Attributes:
        pictures: of each style that is named and not built in.
        mask: the file of the mask, if there is one.
    """

    timeline: Timeline
    treatment: Treatment
    pictures: Mapping[str, Path]
    mask: Path | None

    @property
    def files(self) -> list[Path]:
        return [*self.pictures.values(), *([self.mask] if self.mask else [])]


def wish_of(
    *,
    style: str | None,
    looks: list[str] | None,
    timeline: Path | None,
    mask: Path | None,
    outside_style: str | None,
    mask_invert: bool,
    **others: Any,
) -> Wish:
    """Judge the options by the rules of a job file; styles and mask are files here.

    Args:
        others: fields of ``Wishes`` that are options as they are; None if not given.

    Raises:
        Rejected: one is wrong; the sentence names its field.
    """
    from handler.domain.job_file import wishes_in

    if sum(given is not None for given in (style, looks or None, timeline)) != 1:
        raise Rejected("say what it is to look like: give one of --style, --look and --timeline")
    fields = {name: value for name, value in others.items() if value is not None}
    if style is not None:
        fields["style"] = _style(style)
    elif timeline is not None:
        fields["timeline"] = _looks_in(timeline)
    elif looks:
        fields["timeline"] = [_look(look) for look in looks]
    if mask is not None:
        fields["mask"] = str(mask)
    if mask_invert:
        fields["mask_invert"] = True
    if outside_style is not None:
        fields["outside_style"] = _style(outside_style)
    wishes = wishes_in(fields, _check_style, _check_mask)
    painted = wishes.looks
    assert painted is not None
    pictures = style_pictures(wishes.treatment.styles(painted))
    return Wish(painted, wishes.treatment, pictures, mask)


def _look(text: str) -> dict[str, Any]:
    """Fields of a look written as ``4:monet.jpg@0.9~0.5``."""
    read = LOOK.fullmatch(text)
    if read is None:
        raise Rejected(
            f"--look takes SECOND:STYLE@STRENGTH~FADE, as 4:monet.jpg@0.9~0.5, not {clipped(text)}"
        )
    style = read["style"]
    numbers = {name: read[name] for name in ("at", "strength", "fade")}
    return {
        "style": None if style == ORIGINAL else _style(style),
        **{name: float(number) for name, number in numbers.items() if number is not None},
    }


def _style(text: str) -> str | dict[str, float]:
    """One picture, or several as ``a.jpg*0.6+b.jpg*0.4``; a file of that very name comes first."""
    parts = list(PART_OF_MIX.finditer(text))
    if Path(text).is_file() or "".join(part[0] for part in parts) != text:
        return text
    weights: dict[str, float] = {}
    for part in parts:
        if part["style"] in weights:
            raise Rejected(f"the mix {clipped(text)} names {clipped(part['style'])} twice")
        weights[part["style"]] = float(part["weight"])
    return weights


def _looks_in(timeline: Path) -> Any:
    from handler.domain.job_file import LARGEST_JOB_FILE_BYTES, read_json

    if not timeline.is_file():
        raise Rejected(f"there is no timeline {timeline}")
    if timeline.stat().st_size > LARGEST_JOB_FILE_BYTES:
        raise Rejected(f"{timeline} is larger than {LARGEST_JOB_FILE_BYTES} bytes")
    fields = read_json(timeline.read_bytes(), str(timeline))
    if fields.keys() != {"timeline"}:
        raise Rejected(f"{timeline} holds one field, `timeline`, as a job file does")
    return fields["timeline"]


def _check_style(style: str) -> None:
    style_pictures([style])


def _check_mask(mask: str) -> None:
    if not is_file(mask):
        raise Rejected(f"there is no mask {clipped(mask)}")
