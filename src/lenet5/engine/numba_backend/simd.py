"""Single-precision vectors as wide as the processor's, for Numba kernels.

A kernel that says which sums stay in registers runs at the rate of the multiply–add units; a loop left to
the compiler's vectoriser reaches half of that. Two types do it: a `Vector` (LANES numbers, one register)
and a `Row` (several of them side by side, kept in as many registers). LLVM lowers both to whatever the
processor has, so that a kernel written for 16 lanes is correct, only slower, on any other.
"""

from __future__ import annotations

import os
import sys

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models, register_default
from numba.extending import intrinsic

__all__ = [
    "LANES",
    "atomic_add",
    "atomic_load",
    "pause",
    "row_accumulate",
    "row_axpy",
    "row_correlate",
    "row_double",
    "row_fma",
    "row_load",
    "row_minus",
    "row_of",
    "row_outer",
    "row_plus",
    "row_slope",
    "row_spread",
    "row_squash",
    "row_store",
    "row_sum",
    "row_taps",
    "row_times",
    "row_windows",
]


HOST = frozenset(name for name, present in llvm.get_host_cpu_features().items() if present)


def _features() -> frozenset[str]:
    """What the processor that Numba compiles for can do: this one, unless NUMBA_CPU_FEATURES says otherwise."""
    chosen = os.environ.get("NUMBA_CPU_FEATURES")
    if chosen is None:
        return HOST
    return frozenset(item[1:] for item in chosen.split(",") if item.startswith("+"))


FEATURES = _features()
# Numbers in one register: 16 with AVX-512, 8 with AVX, 4 elsewhere (SSE, NEON).
LANES = 16 if "avx512f" in FEATURES else 8 if "avx2" in FEATURES else 4
# The instruction that estimates a reciprocal: to 14 bits with AVX-512, to 12 with AVX.
RECIPROCAL = {16: "llvm.x86.avx512.rcp14.ps.512", 8: "llvm.x86.avx.rcp.ps.256"}.get(LANES)

KERNEL = 5

# f(a) = A·tanh(S·a) (Appendix A) as a·P(a²)/Q(a²) for |a| ≤ SQUASH_LIMIT, constant beyond it. Fitted so that the
# largest error is least; with rounding it is below 8e-7 everywhere.
A, S = 1.7159, 2 / 3
SQUASH_LIMIT = 11.5
NUMERATOR = (1.143932819366455, 0.06580694019794464, 0.00067132682306692, 1.1710151284205494e-06)
DENOMINATOR = (1.0, 0.20567430555820465, 0.004720044322311878, 2.12090126296971e-05, 9.897318520302179e-09)

_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)


class VectorType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"Vector{LANES}")


class RowType(types.Type):
    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"Row{width}x{LANES}")


@register_default(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _VECTOR)


@register_default(RowType)
class _RowModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.ArrayType(_VECTOR, kind.width))


vector_type = VectorType()


def _at(context, builder, kind, array, offset):
    """Pointer to element `offset` (counted in numbers, whatever the array's shape) of a C array."""
    data = cgutils.create_struct_proxy(kind)(context, builder, value=array).data
    return builder.gep(data, [offset])


def _load(builder, pointer):
    pointer = builder.bitcast(pointer, _VECTOR.as_pointer())
    return builder.load(pointer, align=4)


def _store(builder, value, pointer):
    builder.store(value, builder.bitcast(pointer, _VECTOR.as_pointer()), align=4)


def _splat(builder, value):
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, mask)


def _fma(builder, a, b, c):
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fmuladd.v{LANES}f32"
    )
    return builder.call(function, [a, b, c])


def _constant(value):
    return ir.Constant(_VECTOR, [float(np.float32(value))] * LANES)


def _index(value):
    return ir.Constant(ir.IntType(64), value)


def _shift(builder, offset, by):
    """Offset moved by a constant number of vectors."""
    return builder.add(offset, _index(by * LANES)) if by else offset


def _gather(builder, vectors):
    """Vectors → Row."""
    row = ir.Constant(ir.ArrayType(_VECTOR, len(vectors)), ir.Undefined)
    for i, vector in enumerate(vectors):
        row = builder.insert_value(row, vector, i)
    return row


def _split(builder, row):
    """Row → vectors."""
    return [builder.extract_value(row, i) for i in range(row.type.count)]


def _scalar(builder, at, offset, by=0):
    """One number of an array, on every lane."""
    offset = builder.add(offset, _index(by)) if by else offset
    return _splat(builder, builder.load(at(offset)))


# --- making, loading and storing rows ---------------------------------------------------------------


@intrinsic(prefer_literal=True)
def row_of(typing_context, width, value):
    """row_of(width, value): a Row of `width` vectors, every lane holding `value` (a float32)."""
    count = width.literal_value

    def code(context, builder, signature, arguments):
        number = context.cast(builder, arguments[1], signature.args[1], types.float32)
        return _gather(builder, [_splat(builder, number)] * count)

    return RowType(count)(width, value), code


@intrinsic(prefer_literal=True)
def row_load(typing_context, width, array, offset):
    """row_load(width, array, offset): `width` vectors from element `offset` of a float32 C array on."""
    count = width.literal_value

    def code(context, builder, signature, arguments):
        return _gather(
            builder,
            [
                _load(
                    builder,
                    _at(context, builder, signature.args[1], arguments[1], _shift(builder, arguments[2], i)),
                )
                for i in range(count)
            ],
        )

    return RowType(count)(width, array, types.int64), code


@intrinsic
def row_store(typing_context, row, array, offset):
    """row_store(row, array, offset): the vectors of a Row, one after another, from element `offset` on."""

    def code(context, builder, signature, arguments):
        for i, vector in enumerate(_split(builder, arguments[0])):
            _store(
                builder,
                vector,
                _at(context, builder, signature.args[1], arguments[1], _shift(builder, arguments[2], i)),
            )
        return context.get_dummy_value()

    return types.void(row, array, types.int64), code


# --- the sums of a convolution, forward and back ----------------------------------------------------


@intrinsic
def row_taps(typing_context, row, source, offset, weights, first):
    """row[i] += Σ_k weights[first + k] · source[offset + (i + k)·LANES], k = 0 … 4: a kernel's row, forward."""

    def code(context, builder, signature, arguments):
        kinds, (row_value, source_value, at, weights_value, w) = signature.args, arguments
        sums = _split(builder, row_value)
        taps = [
            _scalar(builder, lambda o: _at(context, builder, kinds[3], weights_value, o), w, k)
            for k in range(KERNEL)
        ]
        for column in range(len(sums) + KERNEL - 1):
            x = _load(builder, _at(context, builder, kinds[1], source_value, _shift(builder, at, column)))
            for k in range(KERNEL):
                if 0 <= column - k < len(sums):
                    sums[column - k] = _fma(builder, taps[k], x, sums[column - k])
        return _gather(builder, sums)

    return row(row, source, types.int64, weights, types.int64), code


@intrinsic
def row_spread(typing_context, row, source, offset, weights, first):
    """row[i + k] += weights[first + k] · source[offset + i·LANES]: the way back of `row_taps`.

    The Row is four vectors wider than what is read.
    """

    def code(context, builder, signature, arguments):
        kinds, (row_value, source_value, at, weights_value, w) = signature.args, arguments
        sums = _split(builder, row_value)
        taps = [
            _scalar(builder, lambda o: _at(context, builder, kinds[3], weights_value, o), w, k)
            for k in range(KERNEL)
        ]
        for column in range(len(sums) - KERNEL + 1):
            x = _load(builder, _at(context, builder, kinds[1], source_value, _shift(builder, at, column)))
            for k in range(KERNEL):
                sums[column + k] = _fma(builder, taps[k], x, sums[column + k])
        return _gather(builder, sums)

    return row(row, source, types.int64, weights, types.int64), code


@intrinsic
def row_correlate(typing_context, sums, row, source, offset):
    """sums[k] += Σ_i row[i] · source[offset + (i + k)·LANES]: a kernel row's gradient; `sums` is a Row of 5."""

    def code(context, builder, signature, arguments):
        kinds, (sums_value, row_value, source_value, at) = signature.args, arguments
        totals, slopes = _split(builder, sums_value), _split(builder, row_value)
        for column in range(len(slopes) + KERNEL - 1):
            x = _load(builder, _at(context, builder, kinds[2], source_value, _shift(builder, at, column)))
            for k in range(KERNEL):
                if 0 <= column - k < len(slopes):
                    totals[k] = _fma(builder, slopes[column - k], x, totals[k])
        return _gather(builder, totals)

    return sums(sums, row, source, types.int64), code


# --- matrix products --------------------------------------------------------------------------------


@intrinsic
def row_axpy(typing_context, row, weights, first, step, source, offset):
    """row[i] += weights[first + i·step] · source[offset …]: one input to many units."""

    def code(context, builder, signature, arguments):
        kinds, (row_value, weights_value, w, step_value, source_value, at) = signature.args, arguments
        sums = _split(builder, row_value)
        x = _load(builder, _at(context, builder, kinds[4], source_value, at))
        for i in range(len(sums)):
            where = builder.add(w, builder.mul(step_value, _index(i)))
            number = builder.load(_at(context, builder, kinds[1], weights_value, where))
            sums[i] = _fma(builder, _splat(builder, number), x, sums[i])
        return _gather(builder, sums)

    return row(row, weights, types.int64, types.int64, source, types.int64), code


@intrinsic(prefer_literal=True)
def row_outer(typing_context, row, width, left, first, right, offset):
    """row[i·width + t] += left[first + i] · right[offset + t·LANES …]: a tile of an outer product."""
    columns = width.literal_value

    def code(context, builder, signature, arguments):
        kinds, (row_value, _, left_value, f, right_value, at) = signature.args, arguments
        sums = _split(builder, row_value)
        rights = [
            _load(builder, _at(context, builder, kinds[4], right_value, _shift(builder, at, t)))
            for t in range(columns)
        ]
        for i in range(len(sums) // columns):
            number = _scalar(builder, lambda o: _at(context, builder, kinds[2], left_value, o), f, i)
            for t in range(columns):
                sums[i * columns + t] = _fma(builder, number, rights[t], sums[i * columns + t])
        return _gather(builder, sums)

    return row(row, width, left, types.int64, right, types.int64), code


@intrinsic(prefer_literal=True)
def row_accumulate(typing_context, row, width, array, offset, stride):
    """array[offset + i·stride + t·LANES …] += row[i·width + t]: a tile of `row_outer`, added in place."""
    columns = width.literal_value

    def code(context, builder, signature, arguments):
        row_value, _, array_value, at, step = arguments
        for n, vector in enumerate(_split(builder, row_value)):
            i, t = divmod(n, columns)
            where = _shift(builder, builder.add(at, builder.mul(step, _index(i))), t)
            pointer = _at(context, builder, signature.args[2], array_value, where)
            _store(builder, builder.fadd(_load(builder, pointer), vector), pointer)
        return context.get_dummy_value()

    return types.void(row, width, array, types.int64, types.int64), code


# --- number by number -------------------------------------------------------------------------------


def _pointwise(name, doc, function, operands):
    """Make an intrinsic that applies `function(builder, vectors…)` to each vector of rows."""

    def typing(typing_context, *kinds):
        def code(context, builder, signature, arguments):
            rows = [
                _split(builder, value)
                if isinstance(kind, RowType)
                else [_splat(builder, context.cast(builder, value, kind, types.float32))] * kinds[0].width
                for kind, value in zip(signature.args, arguments, strict=True)
            ]
            return _gather(builder, [function(builder, *vectors) for vectors in zip(*rows, strict=True)])

        return kinds[0](*kinds), code

    names = ", ".join(operands)
    scope = {"typing": typing}
    exec(f"def {name}(typing_context, {names}):\n    return typing(typing_context, {names})", scope)
    scope[name].__doc__ = doc
    return intrinsic(scope[name])


def _squash(builder, a):
    limit = _constant(SQUASH_LIMIT)
    # NaN compares false and so passes through: a diverged network shows, and is not hidden.
    a = builder.select(builder.fcmp_ordered("<", limit, a), limit, a)
    low = _constant(-SQUASH_LIMIT)
    a = builder.select(builder.fcmp_ordered(">", low, a), low, a)
    u = builder.fmul(a, a)
    p, q = _constant(NUMERATOR[-1]), _constant(DENOMINATOR[-1])
    for c in NUMERATOR[-2::-1]:
        p = _fma(builder, p, u, _constant(c))
    for c in DENOMINATOR[-2::-1]:
        q = _fma(builder, q, u, _constant(c))
    return builder.fmul(builder.fmul(a, p), _reciprocal(builder, q))


def _reciprocal(builder, q):
    """1/q: the processor's estimate and one Newton step, three times as fast as a division on x86."""
    if RECIPROCAL is None:
        return builder.fdiv(_constant(1.0), q)
    operands = [q] if LANES == 8 else [q, _constant(0.0), ir.Constant(ir.IntType(16), -1)]
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_VECTOR, [v.type for v in operands]), RECIPROCAL
    )
    guess = builder.call(function, operands)
    # guess · (2 − q·guess)
    rest = _fma(builder, builder.fneg(q), guess, _constant(2.0))
    return builder.fmul(guess, rest)


def _slope(builder, x, d):
    """d · f'(a), f' written by the state x = f(a): S/A·(A² − x²)."""
    rest = _fma(builder, builder.fmul(x, _constant(-S / A)), x, _constant(S * A))
    return builder.fmul(rest, d)


row_squash = _pointwise(
    "row_squash", "f(a) = A·tanh(S·a) (Appendix A), within 8e-7 of it everywhere.", _squash, ["row"]
)
row_slope = _pointwise("row_slope", "slope · f'(a), given the state x = f(a).", _slope, ["state", "slope"])
row_times = _pointwise("row_times", "a · b.", lambda b, x, y: b.fmul(x, y), ["row", "other"])
row_plus = _pointwise("row_plus", "a + b.", lambda b, x, y: b.fadd(x, y), ["row", "other"])
row_minus = _pointwise("row_minus", "a - b.", lambda b, x, y: b.fsub(x, y), ["row", "other"])
row_fma = _pointwise("row_fma", "row · factor + term.", _fma, ["row", "factor", "term"])


@intrinsic
def row_windows(typing_context, upper, lower):
    """Sums of 2×2 windows: upper and lower rows of 2n vectors → a Row of n."""

    def code(context, builder, signature, arguments):
        up, low = (_split(builder, value) for value in arguments)
        both = [builder.fadd(a, b) for a, b in zip(up, low, strict=True)]
        return _gather(builder, [builder.fadd(both[i], both[i + 1]) for i in range(0, len(both), 2)])

    return RowType(upper.width // 2)(upper, lower), code


@intrinsic
def row_double(typing_context, row):
    """Each vector twice: a Row of n → a Row of 2n (the way back of a window's sum)."""

    def code(context, builder, signature, arguments):
        return _gather(builder, [v for v in _split(builder, arguments[0]) for _ in range(2)])

    return RowType(row.width * 2)(row), code


@intrinsic
def row_sum(typing_context, row):
    """The sum of all vectors of a Row, as a Row of one."""

    def code(context, builder, signature, arguments):
        vectors = _split(builder, arguments[0])
        while len(vectors) > 1:
            half = len(vectors) // 2
            vectors = [
                builder.fadd(a, b) for a, b in zip(vectors[:half], vectors[half : 2 * half], strict=True)
            ] + vectors[2 * half :]
        return _gather(builder, vectors)

    return RowType(1)(row), code


# --- threads ----------------------------------------------------------------------------------------


@intrinsic
def atomic_add(typing_context, array, index, value):
    """array[index] += value, atomic for every thread (int64). Returns the value before."""

    def code(context, builder, signature, arguments):
        pointer = _at(context, builder, signature.args[0], arguments[0], arguments[1])
        return builder.atomic_rmw("add", pointer, arguments[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), code


@intrinsic
def atomic_load(typing_context, array, index):
    """array[index] (int64), read afresh."""

    def code(context, builder, signature, arguments):
        pointer = _at(context, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load_atomic(pointer, "seq_cst", 8)

    return types.int64(array, types.int64), code


@intrinsic
def pause(typing_context, turns):
    """A breath between two looks at a counter; after many, the processor is offered to another thread."""

    def code(context, builder, signature, arguments):
        if sys.platform != "win32":
            long = builder.icmp_signed(">", arguments[0], _index(2000))
            with builder.if_then(long, likely=False):
                yielding = cgutils.get_or_insert_function(
                    builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield"
                )
                builder.call(yielding, [])
        if "sse2" in FEATURES:
            breath = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause"
            )
            builder.call(breath, [])
        return context.get_dummy_value()

    return types.void(types.int64), code
