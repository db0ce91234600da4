"""LeNet-5 in plain NumPy, to be read beside the paper (Section II-B, Appendices A and C): the reference.

Everything faster is tested against this. Any float dtype, any height and width from 32 on: every layer is a
convolution, so that a larger input gives a larger map of penalties, a column every 4 pixels (Section VII):
column k is what the network answers on the 32 columns from 4k on. Shapes: x (N, H, W); states of a layer
(N, maps, rows, columns). A subsampling layer drops the last row or column of a map that does not divide by
two, so that columns and rows of pixels that fill no step of four count for nothing.

Each layer has three verbs side by side: forward, slopes to its input, slopes to its parameters. The recursion
of Appendix C is the same verbs with weights and inputs squared, so it has no verbs of its own:

    ∂E/∂a_i   = f'(a_i)  · Σ_k u_ki  · ∂E/∂a_k         ∂E/∂u_ij   = ∂E/∂a_i  · x_j
    ∂²E/∂a_i² = f'(a_i)² · Σ_k u_ki² · ∂²E/∂a_k²       ∂²E/∂u_ij² = ∂²E/∂a_i² · x_j²
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..errors import InputError
from .architecture import INPUT, KERNEL, PAIRS

__all__ = [
    "Activations",
    "backward",
    "curvature",
    "dense_c3",
    "forward",
    "squash",
    "squash_slope",
]

Array = NDArray[Any]

AMPLITUDE, STEEPNESS = 1.7159, 2 / 3  # A and S of Appendix A

Parameters = Mapping[str, Array]
Pairs = NDArray[np.intp]  # a row for each kernel: (the map it writes to, the map it reads)
C1_PAIRS = np.array([(m, 0) for m in range(6)])
C3_PAIRS = np.array(PAIRS)


# --- the squashing function (Appendix A) ------------------------------------------------------------


def squash(a: Array) -> Array:
    """f(a) = A·tanh(S·a): f(±1) = ±1, where its second derivative is largest."""
    x: Array = AMPLITUDE * np.tanh(STEEPNESS * a)
    return x


def squash_slope(a: Array) -> Array:
    """f'(a) = A·S·(1 − tanh²(S·a))."""
    slope: Array = AMPLITUDE * STEEPNESS * (1 - np.tanh(STEEPNESS * a) ** 2)
    return slope


# --- convolution: C1 and C3, a kernel for each connected pair of maps --------------------------------


def patches(x: Array) -> Array:
    """Every 5×5 window of one map: (N, rows, columns) -> (N, 25, (rows−4)·(columns−4))."""
    windows = sliding_window_view(x, (KERNEL, KERNEL), (1, 2))
    n, rows, columns = windows.shape[:3]
    return windows.transpose(0, 3, 4, 1, 2).reshape(n, KERNEL**2, rows * columns)


def convolve(x: Array, weight: Array, bias: Array, pairs: Pairs) -> Array:
    """Weighted sums a_m = bias_m + Σ over the pairs (m, s) of kernel ∗ x_s."""
    n, maps, rows, columns = x.shape
    a = np.empty((n, len(bias), rows - KERNEL + 1, columns - KERNEL + 1), x.dtype)
    a[:] = bias[:, None, None]
    for s in range(maps):
        here = pairs[:, 1] == s  # every kernel that reads map s, in one product
        products = weight[here].reshape(-1, KERNEL**2) @ patches(x[:, s])
        a[:, pairs[here, 0]] += products.reshape(n, here.sum(), *a.shape[2:])
    return a


def convolve_to_input(slopes: Array, weight: Array, maps: int, pairs: Pairs) -> Array:
    """Each slope goes back through the kernel to the 25 inputs it came from.

    For an input that is a convolution too, of slopes that are zero beyond the edge, with the kernel turned by half
    a turn.
    """
    edge = KERNEL - 1
    wide = np.pad(slopes, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    return convolve(wide, weight[:, ::-1, ::-1], np.zeros(maps, slopes.dtype), pairs[:, ::-1])


def convolve_to_parameters(slopes: Array, x: Array, pairs: Pairs) -> tuple[Array, Array]:
    """Shared weights: the sum over all positions and patterns."""
    n, maps, rows, columns = slopes.shape
    slopes = slopes.reshape(n, maps, rows * columns)
    weight = np.empty((len(pairs), KERNEL**2), slopes.dtype)
    for s in range(x.shape[1]):
        here = pairs[:, 1] == s
        weight[here] = (slopes[:, pairs[here, 0]] @ patches(x[:, s]).swapaxes(1, 2)).sum(0)
    return weight.reshape(-1, KERNEL, KERNEL), slopes.sum((0, 2))


def dense_c3(kernels: Array) -> Array:
    """C3's sixty kernels (60, 5, 5) as a convolution of all maps, (16, 6, 5, 5): zero where Table I has none.

    Other engines have a fast dense convolution and none for a table.
    """
    dense = np.zeros((*C3_PAIRS.max(0) + 1, KERNEL, KERNEL), kernels.dtype)
    dense[C3_PAIRS[:, 0], C3_PAIRS[:, 1]] = kernels
    return dense


# --- subsampling: S2 and S4 --------------------------------------------------------------------------


def window_sums(x: Array) -> Array:
    """Sum of each 2×2 window: (…, rows, columns) -> (…, rows//2, columns//2)."""
    rows, columns = x.shape[-2] // 2 * 2, x.shape[-1] // 2 * 2
    x = x[..., :rows, :columns]
    sums: Array = x[..., ::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, ::2] + x[..., 1::2, 1::2]
    return sums


def subsample(x: Array, coefficient: Array, bias: Array) -> Array:
    """Weighted sums: the window's sum times the map's coefficient, plus its bias."""
    sums: Array = window_sums(x) * coefficient[:, None, None] + bias[:, None, None]
    return sums


def subsample_to_input(slopes: Array, coefficient: Array, shape: tuple[int, ...]) -> Array:
    """All four inputs of a window get the same; a row or column outside every window gets nothing."""
    back = np.zeros(shape, slopes.dtype)
    rows, columns = 2 * slopes.shape[2], 2 * slopes.shape[3]
    back[:, :, :rows, :columns] = (slopes * coefficient[:, None, None]).repeat(2, 2).repeat(2, 3)
    return back


def subsample_to_parameters(slopes: Array, sums: Array) -> tuple[Array, Array]:
    """The input of a coefficient is the window's sum."""
    return (slopes * sums).sum((0, 2, 3)), slopes.sum((0, 2, 3))


# --- C5 over all maps, F6 over all units: every pair connected ---------------------------------------


def connect(x: Array, weight: Array, bias: Array) -> Array:
    """Weighted sums of a convolution in which every unit reads every map. weight: (units, maps, k, k)."""
    windows = sliding_window_view(x, weight.shape[2:], (2, 3))
    sums: Array = np.tensordot(windows, weight, ((1, 4, 5), (1, 2, 3))) + bias  # N, rows, columns, units
    return sums.transpose(0, 3, 1, 2)


def connect_to_input(slopes: Array, weight: Array) -> Array:
    """Each slope goes back through its unit's weights to the maps × k × k inputs they came from."""
    n, _, rows, columns = slopes.shape
    maps, k = weight.shape[1:3]
    parts = np.tensordot(slopes, weight, (1, 0)).transpose(4, 5, 0, 3, 1, 2)  # k, k, N, maps, rows, columns
    back = np.zeros((n, maps, rows + k - 1, columns + k - 1), slopes.dtype)
    for ky in range(k):
        for kx in range(k):
            back[:, :, ky : ky + rows, kx : kx + columns] += parts[ky, kx]
    return back


def connect_to_parameters(slopes: Array, x: Array, k: int) -> tuple[Array, Array]:
    """The sum over all positions and patterns; for characters of 32×32 there is one position."""
    windows = sliding_window_view(x, (k, k), (2, 3))
    return np.tensordot(slopes, windows, ((0, 2, 3), (0, 2, 3))), slopes.sum((0, 2, 3))


# --- the network ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Activations:
    """Weighted sums `a` and states `x` of every layer for one batch, by name ("c1" … "f6"; x["input"])."""

    a: dict[str, Array]
    x: dict[str, Array]
    codes: Array

    @property
    def f6(self) -> Array:
        """F6's state: (N, 84); where it is larger than 1×1, (N, 84, rows, columns)."""
        state = self.x["f6"]
        return state[:, :, 0, 0] if state.shape[2:] == (1, 1) else state

    @property
    def penalties(self) -> Array:
        """Eq. 7: (N, classes); where F6 is larger than 1×1, (N, rows, columns, classes)."""
        f6 = np.moveaxis(self.f6, 1, -1)[..., None, :]
        y: Array = ((f6 - self.codes) ** 2).sum(-1)
        return y


def forward(parameters: Parameters, codes: Array, x: Array) -> Activations:
    """Fig. 2, from normalised inputs (N, H, W), H and W at least 32, to penalties.

    parameters: those of architecture.SHAPES, codes: (classes, 84), of the inputs' float dtype, which is then
    that of everything computed. Raises InputError for inputs that are no floats, or too small.
    """
    if x.ndim != 3 or min(x.shape[1:]) < INPUT or x.dtype.kind != "f":
        raise InputError(
            f"inputs of shape {x.shape} and type {x.dtype} cannot be read: N×H×W floats are needed, "
            f"H and W at least {INPUT} (preprocessing.normalise makes them)"
        )
    p = parameters
    a, states = {}, {"input": x[:, None]}

    def layer(name: str, sums: Array) -> Array:
        a[name], states[name] = sums, squash(sums)
        return states[name]

    c1 = layer("c1", convolve(x[:, None], p["c1.weight"], p["c1.bias"], C1_PAIRS))  # 1@32×32 -> 6@28×28
    s2 = layer("s2", subsample(c1, p["s2.coefficient"], p["s2.bias"]))  # -> 6@14×14
    c3 = layer("c3", convolve(s2, p["c3.weight"], p["c3.bias"], C3_PAIRS))  # -> 16@10×10
    s4 = layer("s4", subsample(c3, p["s4.coefficient"], p["s4.bias"]))  # -> 16@5×5
    c5 = layer("c5", connect(s4, p["c5.weight"], p["c5.bias"]))  # -> 120@1×1
    layer("f6", connect(c5, p["f6.weight"][:, :, None, None], p["f6.bias"]))  # -> 84
    return Activations(a, states, codes)


def _back(parameters: Parameters, activations: Activations, to_f6: Array, power: int) -> dict[str, Array]:
    """Both recursions at once: power 1 back-propagates slopes, power 2 curvatures (Appendix C)."""
    p = {name: value**power for name, value in parameters.items()}
    x = {name: value**power for name, value in activations.x.items()}
    gradients: dict[str, Array] = {}

    def at(name: str, to_state: Array) -> Array:
        to_sum: Array = to_state * squash_slope(activations.a[name]) ** power
        return to_sum

    d = at("f6", to_f6.reshape(activations.x["f6"].shape))
    weight, gradients["f6.bias"] = connect_to_parameters(d, x["c5"], 1)
    gradients["f6.weight"] = weight[:, :, 0, 0]
    d = at("c5", connect_to_input(d, p["f6.weight"][:, :, None, None]))
    gradients["c5.weight"], gradients["c5.bias"] = connect_to_parameters(d, x["s4"], KERNEL)
    d = at("s4", connect_to_input(d, p["c5.weight"]))
    sums = window_sums(activations.x["c3"]) ** power
    gradients["s4.coefficient"], gradients["s4.bias"] = subsample_to_parameters(d, sums)
    d = at("c3", subsample_to_input(d, p["s4.coefficient"], activations.x["c3"].shape))
    gradients["c3.weight"], gradients["c3.bias"] = convolve_to_parameters(d, x["s2"], C3_PAIRS)
    d = at("s2", convolve_to_input(d, p["c3.weight"], 6, C3_PAIRS))
    sums = window_sums(activations.x["c1"]) ** power
    gradients["s2.coefficient"], gradients["s2.bias"] = subsample_to_parameters(d, sums)
    d = at("c1", subsample_to_input(d, p["s2.coefficient"], activations.x["c1"].shape))
    gradients["c1.weight"], gradients["c1.bias"] = convolve_to_parameters(d, x["input"], C1_PAIRS)
    return {name: gradients[name] for name in parameters}


def backward(parameters: Parameters, activations: Activations, f6_slope: Array) -> dict[str, Array]:
    """Gradient of E to every parameter, from ∂E/∂x of F6's states, shaped as `.f6` (losses.f6_slope).

    It is summed over the patterns: the slope of a mean has its 1/N already.
    """
    return _back(parameters, activations, f6_slope, 1)


def curvature(parameters: Parameters, activations: Activations, f6_curvature: Array) -> dict[str, Array]:
    """h_kk of Appendix C for every parameter, from ∂²E/∂x² of F6's states, as `.f6` (losses.curvature).

    The Gauss–Newton estimate: the term in f'' is dropped, and off-diagonal terms too, so it is never
    negative unless it starts so. For a shared weight it is the sum over the connections that share it; the
    input of a coefficient is the sum of its window, and enters squared.
    """
    return _back(parameters, activations, f6_curvature, 2)
