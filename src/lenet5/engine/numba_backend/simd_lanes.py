"""More vector operations (simd.py), for one image alone, where the lanes are columns or maps of the same image.

With a batch a lane is an image, and lanes never meet. Here they do: sums across lanes, neighbouring lanes
added (a subsampling window) or doubled (backward), and rows that lie a step apart in memory.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .simd import LANES, RowType, _at, _fma, _gather, _index, _load, _splat, _split, _store

__all__ = []

_INT = ir.IntType(32)


def _step(builder, offset, step, times):
    return builder.add(offset, builder.mul(step, _index(times)))


def _pick(builder, a, b, lanes):
    """The lanes of a, then b, that `lanes` names, as one vector."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_INT, LANES), lanes))


def _pairs(builder, vectors):
    """Sums of neighbouring lanes: 2n vectors → n."""
    evens, odds = list(range(0, 2 * LANES, 2)), list(range(1, 2 * LANES, 2))
    return [
        builder.fadd(_pick(builder, a, b, evens), _pick(builder, a, b, odds))
        for a, b in zip(vectors[::2], vectors[1::2], strict=True)
    ]


@intrinsic(prefer_literal=True)
def row_get(typing_context, width, array, offset, step):
    """`width` vectors, `step` numbers apart, the first at element `offset`."""
    count = width.literal_value

    def code(context, builder, signature, arguments):
        kind, (_, array_value, at, step_value) = signature.args[1], arguments
        places = [_step(builder, at, step_value, i) for i in range(count)]
        return _gather(builder, [_load(builder, _at(context, builder, kind, array_value, p)) for p in places])

    return RowType(count)(width, array, types.int64, types.int64), code


@intrinsic
def row_put(typing_context, row, array, offset, step):
    """Store the vectors of a Row `step` numbers apart, the first at element `offset`."""

    def code(context, builder, signature, arguments):
        row_value, array_value, at, step_value = arguments
        for i, vector in enumerate(_split(builder, row_value)):
            place = _step(builder, at, step_value, i)
            _store(builder, vector, _at(context, builder, signature.args[1], array_value, place))
        return context.get_dummy_value()

    return types.void(row, array, types.int64, types.int64), code


@intrinsic
def row_dots(typing_context, row, left, first, step, right, offset):
    """row[k] += left[first + k·step …] · right[offset …], lane by lane: many dot products at once.

    A tile of a matrix times a vector (step: the length of a matrix row), or a kernel row's gradient
    (step 1: the image moved by one column).
    """

    def code(context, builder, signature, arguments):
        kinds, (row_value, left_value, f, step_value, right_value, at) = signature.args, arguments
        sums = _split(builder, row_value)
        x = _load(builder, _at(context, builder, kinds[4], right_value, at))
        for k in range(len(sums)):
            place = _step(builder, f, step_value, k)
            sums[k] = _fma(
                builder, _load(builder, _at(context, builder, kinds[1], left_value, place)), x, sums[k]
            )
        return _gather(builder, sums)

    return row(row, left, types.int64, types.int64, right, types.int64), code


@intrinsic
def row_lift(typing_context, row, source, offset, stride, weights, first, step):
    """row[r + k] += weights[first + k·step] · source[offset + r·stride …]: a kernel column, backward.

    The Row is four vectors longer than the rows that are read: each slope goes to the five rows above it.
    """

    def code(context, builder, signature, arguments):
        kinds, (row_value, source_value, at, stride_value, weights_value, f, step_value) = (
            signature.args,
            arguments,
        )
        sums = _split(builder, row_value)
        taps = [
            _splat(
                builder,
                builder.load(
                    _at(context, builder, kinds[4], weights_value, _step(builder, f, step_value, k))
                ),
            )
            for k in range(5)
        ]
        for r in range(len(sums) - 4):
            slopes = _load(
                builder, _at(context, builder, kinds[1], source_value, _step(builder, at, stride_value, r))
            )
            for k in range(5):
                sums[r + k] = _fma(builder, taps[k], slopes, sums[r + k])
        return _gather(builder, sums)

    return row(row, source, types.int64, types.int64, weights, types.int64, types.int64), code


@intrinsic
def row_pairs(typing_context, row):
    """Neighbouring lanes added: a Row of 2n vectors → a Row of n."""

    def code(context, builder, signature, arguments):
        return _gather(builder, _pairs(builder, _split(builder, arguments[0])))

    return RowType(row.width // 2)(row), code


@intrinsic
def row_fold(typing_context, row):
    """A Row of LANES vectors → one vector: lane i is the sum of all lanes of vector i."""

    def code(context, builder, signature, arguments):
        vectors = _split(builder, arguments[0])
        while len(vectors) > 1:
            vectors = _pairs(builder, vectors)
        return _gather(builder, vectors)

    return RowType(1)(row), code


@intrinsic
def row_lanes_twice(typing_context, row):
    """Every lane twice, side by side: a Row of n vectors → a Row of 2n (the way back of `row_pairs`)."""
    halves = [[i // 2 for i in range(LANES)], [LANES // 2 + i // 2 for i in range(LANES)]]

    def code(context, builder, signature, arguments):
        vectors = _split(builder, arguments[0])
        return _gather(builder, [_pick(builder, v, v, half) for v in vectors for half in halves])

    return RowType(2 * row.width)(row), code


@intrinsic
def row_total(typing_context, row):
    """The sum of all numbers of a Row, a float32."""

    def code(context, builder, signature, arguments):
        total, *others = _split(builder, arguments[0])
        for vector in others:
            total = builder.fadd(total, vector)
        half = LANES // 2  # halves are added until one lane is left: an order that no compiler may change
        while half:
            upper = [(lane + half) % LANES for lane in range(LANES)]
            total = builder.fadd(total, _pick(builder, total, total, upper))
            half //= 2
        return builder.extract_element(total, ir.Constant(_INT, 0))

    return types.float32(row), code
