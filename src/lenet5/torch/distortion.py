"""The distortions of Section III-B (Fig. 7; network.distortion), for a batch at once on any device.

The random numbers are the engine's, bit for bit: int64 arithmetic wraps as its uint64 does. Images differ by the
rounding of float32. Nothing here waits for the device, so that a CUDA graph can hold all of it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ..engine.elastic import POOL, TILE
from ..network.architecture import BACKGROUND, FIELD, FOREGROUND, INPUT
from ..network.distortion import Distortion

__all__ = ["Distorter", "key_of_pass"]

_ROW = FIELD + 3  # pixels in a row of the padded field: one of background before it, two after
_SHIFTS = TILE - INPUT + 1  # where a piece of a tile can begin, along each side
_BITS = 2.0**-53
_CENTRE = (INPUT - 1) / 2

# The number of each draw, as in engine/elastic.py and the backends' augmentation.py.
_REGULAR, _X, _Y, _SCALE, _SQUEEZE, _SHEAR, _ROTATION, _THICKNESS, _GAIN = range(9)
_SPREAD, _TILE, _BEGIN, _ERASE = 9, 10, 12, 16


def _signed(word: int) -> int:
    """64 bits as an int64."""
    word &= 2**64 - 1
    return word - 2**64 if word >= 2**63 else word


_GOLDEN = _signed(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = _signed(0xBF58476D1CE4E5B9), _signed(0x94D049BB133111EB)


def _shift_right(state: Tensor, by: int) -> Tensor:
    """Logical shift to the right; the operator's shift of an int64 keeps the sign."""
    return (state >> by) & ((1 << (64 - by)) - 1)


def _mix(state: Tensor) -> Tensor:
    """The output function of splitmix64 (Steele, Lea, Flood 2014)."""
    state = (state ^ _shift_right(state, 30)) * _MIX_1
    state = (state ^ _shift_right(state, 27)) * _MIX_2
    return state ^ _shift_right(state, 31)


def key_of_pass(seed: int, pass_index: int) -> Tensor:
    """The key of one pass, from which the streams of its patterns are drawn: an int64, on the CPU."""
    key = _mix(torch.tensor(_signed(seed)) + _GOLDEN)
    return _mix(key + _signed(pass_index) + _GOLDEN)


def _uniform(keys: Tensor, draw: int | Tensor) -> Tensor:
    """Draw number `draw` of each stream: float64, uniform in 0 … 1, 1 excluded."""
    step = (draw + 1) * _GOLDEN if isinstance(draw, Tensor) else _signed((draw + 1) * _GOLDEN)
    return _shift_right(_mix(keys + step), 11).double() * _BITS


def _symmetric(keys: Tensor, draw: int | Tensor) -> Tensor:
    """Draw number `draw`, uniform in −1 … 1."""
    return 2 * _uniform(keys, draw) - 1


class Distorter:
    """Distorted inputs of the network on a device.

    Args:
        distortion: how far patterns are distorted.
        seed: of the random numbers.
        device: where everything is computed.
    """

    def __init__(self, distortion: Distortion, seed: int, device: torch.device) -> None:
        self.distortion, self.seed = distortion, seed
        self.key = torch.zeros((), dtype=torch.int64, device=device)
        self.pool = torch.zeros((POOL if distortion.alpha else 1, TILE, TILE), device=device)
        axis = torch.arange(INPUT, device=device)
        self.rows, self.columns = axis[:, None], axis[None, :]
        self.wave = torch.fft.fftfreq(TILE, dtype=torch.float64, device=device)
        self.half_wave = torch.fft.rfftfreq(TILE, dtype=torch.float64, device=device)
        self.cells = torch.arange(TILE * TILE, device=device)

    def prepare_pass(self, pass_index: int) -> None:
        """The pass's key and its elastic displacements (engine.elastic), in place."""
        self.key.copy_(key_of_pass(self.seed, pass_index))
        d = self.distortion
        if not d.alpha:
            return
        keys = _mix(self.key + torch.arange(-1, -1 - POOL, -1, device=self.key.device) + _GOLDEN)
        noise = _symmetric(keys[:, None], self.cells).float().view(POOL, TILE, TILE)
        # A Gaussian of σ pixels has the spectrum exp(−2π²σ²f²), f in cycles a pixel.
        down = torch.exp(-2 * (math.pi * d.sigma * self.wave) ** 2)
        across = torch.exp(-2 * (math.pi * d.sigma * self.half_wave) ** 2)
        spectrum = torch.fft.rfft2(noise.double()) * torch.outer(d.alpha * down, across)
        self.pool.copy_(torch.fft.irfft2(spectrum, s=(TILE, TILE)))

    def __call__(self, fields: Tensor, patterns: Tensor) -> Tensor:
        """Distort some patterns.

        Args:
            fields: uint8 (B, 28, 28), 255 = ink.
            patterns: int64 (B,), their indices in the data set: random numbers depend on them.

        Returns:
            float32 (B, 32, 32), −0.1 … 1.175.
        """
        d = self.distortion
        keys = _mix(self.key + patterns + _GOLDEN)
        strength = (_uniform(keys, _REGULAR) >= d.regular).double()
        padded = functional.pad(fields, (1, 2, 1, 2))  # (B, 31, 31): background around the field
        if d.thickness:
            padded = self._thicken(padded, strength * d.thickness * _symmetric(keys, _THICKNESS))
        x, y = self._sources(keys, strength)
        x, y = x.clamp(0, FIELD + 1), y.clamp(0, FIELD + 1)  # whatever lies outside is background
        column, row = x.int(), y.int()
        at = (row * _ROW + column).flatten(1).long()
        flat = padded.flatten(1)
        here, right, below, across = (
            flat.gather(1, at + step).float().view_as(x) for step in (0, 1, _ROW, _ROW + 1)
        )
        part_x, part_y = x - column, y - row
        upper, lower = here + part_x * (right - here), below + part_x * (across - below)
        level = upper + part_y * (lower - upper)
        if d.gain:
            gain = (1 + strength * d.gain * _symmetric(keys, _GAIN)).float()
            level = (gain[:, None, None] * level).clamp_max(255)
        out = level * ((FOREGROUND - BACKGROUND) / 255) + BACKGROUND
        return self._erase(keys, strength, out) if d.erasing and d.erased else out

    def _sources(self, keys: Tensor, strength: Tensor) -> tuple[Tensor, Tensor]:
        """Source x and y of each pixel of the input, both (B, 32, 32) float32, in pixels of the padded field."""
        d = self.distortion
        across = strength * d.translation * _symmetric(keys, _X)
        down = strength * d.translation * _symmetric(keys, _Y)
        scale = 1 + strength * d.scaling * _symmetric(keys, _SCALE)
        direction = _symmetric(keys, _SQUEEZE)
        squeeze = 1 + strength * d.squeezing * direction.abs()
        squeeze = torch.where(direction < 0, 1 / squeeze, squeeze)
        shear = strength * d.shear * _symmetric(keys, _SHEAR)
        angle = torch.deg2rad(strength * d.rotation * _symmetric(keys, _ROTATION))
        c, s = torch.cos(angle), torch.sin(angle)
        # out = rotation · shear · diag(width, height) · in + shift, solved for in
        width, height = scale * squeeze, scale / squeeze
        xx, xy = (c + shear * s) / width, (s - shear * c) / width
        yx, yy = -s / height, c / height
        middle = (FIELD - 1) / 2 + 1
        x0 = -xx * across - xy * down + middle - xx * _CENTRE
        y0 = -yx * across - yy * down + middle - yx * _CENTRE
        up = self.rows - _CENTRE

        def line(start: Tensor, by_row: Tensor, by_column: Tensor) -> Tensor:
            first = (start[:, None, None] + by_row[:, None, None] * up).float()
            return first + by_column.float()[:, None, None] * self.columns

        x, y = line(x0, xy, xx), line(y0, yy, yx)
        if d.alpha:
            bend = (strength * (1 - d.spread * _uniform(keys, _SPREAD))).float()[:, None, None]
            x = x + bend * self._piece(keys, 0)
            y = y + bend * self._piece(keys, 1)
        return x, y

    def _piece(self, keys: Tensor, which: int) -> Tensor:
        """A random 32×32 piece of a random tile of the pool, for each pattern."""
        tile = (_uniform(keys, _TILE + which) * len(self.pool)).long()
        # In the order of the draws: the piece for x begins at the first two, that for y at the others.
        top, left = ((_uniform(keys, _BEGIN + 2 * which + i) * _SHIFTS).long() for i in range(2))
        begin = (tile * TILE + top) * TILE + left
        return self.pool.flatten()[begin[:, None, None] + self.rows * TILE + self.columns]

    @staticmethod
    def _thicken(padded: Tensor, pixels: Tensor) -> Tensor:
        """Move every edge of ink by `pixels`, (B,): towards the darkest or lightest neighbour."""
        part = torch.round(pixels.abs() * 256).int()[:, None, None]
        v = padded.int()
        wide = functional.pad(v, (1, 1, 1, 1))
        neighbours = torch.stack(
            (wide[:, 1:-1, :-2], wide[:, 1:-1, 2:], wide[:, :-2, 1:-1], wide[:, 2:, 1:-1], v)
        )
        to = torch.where((pixels > 0)[:, None, None], neighbours.amax(0), neighbours.amin(0))
        moved = ((v << 8) + part * (to - v) + 128) >> 8
        inside = moved[:, 1 : FIELD + 1, 1 : FIELD + 1]  # ink that grew out of the field is lost
        return functional.pad(inside, (1, 2, 1, 2))

    def _erase(self, keys: Tensor, strength: Tensor, out: Tensor) -> Tensor:
        """Cut-out: make a rectangle that lies inside the input background."""
        d = self.distortion
        high, wide = (
            torch.round(1 + (d.erased - 1) * _uniform(keys, _ERASE + i)).clamp(1, INPUT) for i in (1, 2)
        )
        top = torch.floor(_uniform(keys, _ERASE + 3) * (INPUT - high + 1))
        left = torch.floor(_uniform(keys, _ERASE + 4) * (INPUT - wide + 1))
        top, left, high, wide = (value[:, None, None] for value in (top, left, high, wide))
        inside = (self.rows >= top) & (self.rows < top + high)
        inside = inside & (self.columns >= left) & (self.columns < left + wide)
        erased = (strength * d.erasing > _uniform(keys, _ERASE))[:, None, None]
        return out.masked_fill(inside & erased, BACKGROUND)
