"""Numbers that say how far two pictures differ, and how visible a fill's seam is.

Pictures are HWC RGB, uint8 in [0,255] or float in [0,1]; ``hole`` is HW bool, True = filled, and None means everywhere.
Differences are in units of the peak, 1.0 being black to white.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.floating[Any]]
Floats: TypeAlias = npt.NDArray[np.float64]
Hole: TypeAlias = npt.NDArray[np.bool_]

_SSIM_WINDOW, _SSIM_SIGMA, _SSIM_K1, _SSIM_K2 = 11, 1.5, 0.01, 0.03
_D65 = np.array([0.95047, 1.0, 1.08883])
_XYZ_OF_RGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def l1(one: Picture, other: Picture, hole: Hole | None = None) -> float:
    """The mean absolute difference."""
    return float(np.abs(_chosen(one, hole) - _chosen(other, hole)).mean())


def l2(one: Picture, other: Picture, hole: Hole | None = None) -> float:
    """The mean squared difference."""
    return float(np.square(_chosen(one, hole) - _chosen(other, hole)).mean())


def psnr(one: Picture, other: Picture, hole: Hole | None = None) -> float:
    """The peak signal-to-noise ratio in dB, ``-10 log10(mean squared difference)``; infinite for equal pictures."""
    error = l2(one, other, hole)
    return float(-10 * np.log10(error)) if error else float("inf")


def tv(picture: Picture, hole: Hole | None = None) -> float:
    """The total variation: the mean of ``|step down| + |step right|`` over the pixels that have both neighbours."""
    values = _unit(picture)
    steps = np.abs(values[1:, :-1] - values[:-1, :-1]) + np.abs(values[:-1, 1:] - values[:-1, :-1])
    return float((steps if hole is None else steps[hole[:-1, :-1]]).mean())


def ssim(one: Picture, other: Picture, hole: Hole | None = None) -> float:
    """The structural similarity, at most 1, averaged over the channels.

    A Gaussian window of 11 x 11, sigma 1.5, K1 = 0.01, K2 = 0.03. Without ``hole`` the mean is taken where the window lies
    inside the picture, as published; with it over the hole, the picture mirrored at its border.

    Source: Wang, Bovik, Sheikh, Simoncelli, Image quality assessment (2004), equations 13 to 17.
    """
    x, y = _unit(one), _unit(other)
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x, variance_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    c1, c2 = _SSIM_K1**2, _SSIM_K2**2
    likeness = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    likeness *= (2 * covariance + c2) / (variance_x + variance_y + c2)
    rim = _SSIM_WINDOW // 2
    return float((likeness[rim:-rim, rim:-rim] if hole is None else likeness[hole]).mean())


def seam_delta_e(picture: Picture, hole: Hole) -> float:
    """The mean CIEDE2000 difference between neighbours on either side of the hole's border; 1 is just noticeable.

    Texture counts as well: compare it with the same place in another fill, or in the photo without the object.
    """
    return float(np.mean(ciede2000(*_across(lab(picture), hole)[1:3])))


def seam_jump(picture: Picture, hole: Hole) -> float:
    """The mean step across the hole's border that the slopes on both sides do not explain.

    With pixels i2, i1 inside and o1, o2 outside on one line: ``|(o1 - i1) - ((o2 - o1) + (i1 - i2)) / 2|``, channels averaged;
    0 on a ramp that runs through, the step's height on a step.
    """
    inner, inside, outside, outer = _across(_unit(picture), hole)
    return float(np.abs((outside - inside) - (outer - outside + inside - inner) / 2).mean())


def lab(picture: Picture) -> Floats:
    """CIE L*a*b* (D65, 2 degrees) of an sRGB picture: HWC float, L* in [0,100].

    Source: IEC 61966-2-1 for sRGB, CIE 15:2004 section 8.2.1 for L*a*b*.
    """
    encoded = _unit(picture)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _XYZ_OF_RGB.T / _D65
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(one: Floats, other: Floats) -> Floats:
    """The colour difference of L*a*b* colours, elementwise: ``...3`` and ``...3`` to ``...``.

    Source: Sharma, Wu, Dalal, The CIEDE2000 color-difference formula (2005), equations 2 to 22.
    """
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    stretch = 1 + 0.5 * (1 - _saturation((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2))
    chroma1, chroma2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    hue1, hue2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    both = chroma1 * chroma2 != 0  # hue means nothing on the grey axis

    turn = (hue2 - hue1 + 180) % 360 - 180
    d_lightness, d_chroma = l2 - l1, chroma2 - chroma1
    d_hue = np.where(both, 2 * np.sqrt(chroma1 * chroma2) * np.sin(np.radians(turn) / 2), 0)

    lightness, chroma = (l1 + l2) / 2, (chroma1 + chroma2) / 2
    middle = np.where(np.abs(hue1 - hue2) <= 180, (hue1 + hue2) / 2, (hue1 + hue2 + 360) / 2 % 360)
    hue = np.where(both, middle, hue1 + hue2)
    weight = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    scale_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    scale_c, scale_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma * weight
    rotation = -np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))) * 2 * _saturation(chroma)
    light, c, h = d_lightness / scale_l, d_chroma / scale_c, d_hue / scale_h
    return np.asarray(np.sqrt(light * light + c * c + h * h + rotation * c * h))


def _saturation(chroma: Floats) -> Floats:
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _unit(picture: Picture) -> Floats:
    return picture.astype(np.float64) / (255 if picture.dtype == np.uint8 else 1)


def _chosen(picture: Picture, hole: Hole | None) -> Floats:
    return _unit(picture if hole is None else picture[hole])


def _blurred(values: Floats) -> Floats:
    """HWC under SSIM's Gaussian window, mirrored at the border."""
    radius = _SSIM_WINDOW // 2
    weights = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * _SSIM_SIGMA**2))
    for axis in (0, 1):
        pad = [(radius, radius) if a == axis else (0, 0) for a in range(3)]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, pad, mode="symmetric"), _SSIM_WINDOW, axis)
        values = windows @ (weights / weights.sum())
    return values


def _across(values: Floats, hole: Hole) -> list[Floats]:
    """For each pair of neighbours that the hole's border parts: values two and one steps inside, one and two outside.

    Four arrays of N3. At the picture's border the nearest pixel stands in for one that is not there.
    """
    lines = []
    for turn in range(4):
        turned, inside = np.rot90(values, turn), np.rot90(hole, turn)
        rows, columns = np.nonzero(inside[:, :-1] & ~inside[:, 1:])
        steps = np.clip(columns + np.arange(-1, 3)[:, None], 0, turned.shape[1] - 1)
        lines.append(turned[rows, steps])
    return list(np.concatenate(lines, axis=1))
