"""The public operations of a Transformer's layers: check the arguments, then hand them to the backend.

Outputs have the dtype of the first argument; parameters may have their own.

b batch   t num_tokens   h num_heads   c d_head   m channels
"""

from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.kernels.backend import layer_implementation
from icl_lab.kernels.checks import check_like, check_rank


def _check_window(window: int | None) -> None:
    if window is not None and window < 1:
        raise UserError(f"window must be at least 1 token, itself, or None for all, got {window}")


def causal_attention(q: Tensor, k: Tensor, v: Tensor, *, window: int | None = None) -> Tensor:
    """Softmax attention in which every token sees itself and those before it (Vaswani et al. 2017, section 3.2.1).

    Scores are divided by the square root of c.

    Args:
        q: Queries, (b, t, h, c).
        k: Keys, (b, t, h, c).
        v: Values, (b, t, h, c).
        window: See only so many tokens, itself included; all by default.

    Returns:
        (b, t, h, c).

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_rank("q", q, "batch num_tokens num_heads d_head")
    if 0 in q.shape:
        raise UserError(f"q must not be empty, got shape {tuple(q.shape)}")
    check_like("k", k, tuple(q.shape), ("q", q), same_dtype=True)
    check_like("v", v, tuple(q.shape), ("q", q), same_dtype=True)
    _check_window(window)
    result: Tensor = layer_implementation(q).causal_attention(q, k, v, window=window)
    return result


def causal_self_attention(qkv: Tensor, *, window: int | None = None) -> Tensor:
    """`causal_attention` of queries, keys and values that one linear map has made; its gradient is one tensor too.

    Args:
        qkv: (b, t, 3, h, c).
        window: See only so many tokens, itself included; all by default.

    Returns:
        (b, t, h, c).

    Raises:
        UserError: A wrong shape or dtype.
    """
    check_rank("qkv", qkv, "batch num_tokens three num_heads d_head")
    if qkv.shape[2] != 3 or 0 in qkv.shape:
        raise UserError(f"qkv must have axes (batch, num_tokens, 3, num_heads, d_head), got shape {tuple(qkv.shape)}")
    _check_window(window)
    result: Tensor = layer_implementation(qkv).causal_self_attention(qkv, window=window)
    return result


def gelu_mlp(x: Tensor, widen: Tensor, widen_bias: Tensor, narrow: Tensor, narrow_bias: Tensor) -> Tensor:
    """A feed-forward network: narrow GELU(widen x + bias) + bias (Vaswani et al. 2017, section 3.3).

    Args:
        x: (*rows, channels).
        widen: (hidden, channels).
        widen_bias: (hidden,). GELU is taken in its tanh form (Hendrycks & Gimpel 2016, section 2).
        narrow: (outputs, hidden).
        narrow_bias: (outputs,).

    Returns:
        (*rows, outputs), in the dtype of the matrix products: that of autocast where it is on, of x elsewhere.

    Raises:
        UserError: A wrong shape or device, naming the argument.
    """
    check_rank("widen", widen, "hidden channels")
    check_rank("narrow", narrow, "outputs hidden")
    first = ("widen", widen)
    check_like("x", x, (*x.shape[:-1], widen.shape[1]), first, same_dtype=False)
    check_like("widen_bias", widen_bias, (widen.shape[0],), first, same_dtype=False)
    check_like("narrow", narrow, (narrow.shape[0], widen.shape[0]), first, same_dtype=False)
    check_like("narrow_bias", narrow_bias, (narrow.shape[0],), first, same_dtype=False)
    result: Tensor = layer_implementation(x).gelu_mlp(x, widen, widen_bias, narrow, narrow_bias)
    return result


def layer_norm(x: Tensor, gain: Tensor, offset: Tensor, epsilon: float) -> Tensor:
    """Every row minus its mean, over its standard deviation, times a gain, plus an offset (Ba et al. 2016, equation 4).

    Args:
        x: (*rows, m).
        gain: (m,).
        offset: (m,).
        epsilon: Added to the variance.

    Returns:
        (*rows, m).

    Raises:
        UserError: A wrong shape or device, naming the argument.
    """
    check_like("gain", gain, (x.shape[-1],), ("x", x), same_dtype=False)
    check_like("offset", offset, (x.shape[-1],), ("x", x), same_dtype=False)
    result: Tensor = layer_implementation(x).layer_norm(x, gain, offset, epsilon)
    return result


def rms_norm(x: Tensor, gain: Tensor, epsilon: float) -> Tensor:
    """Every row over the root of its mean square, times a gain (Zhang & Sennrich 2019, equation 4).

    Args:
        x: (*rows, m).
        gain: (m,).
        epsilon: Added to the mean square.

    Returns:
        (*rows, m).

    Raises:
        UserError: A wrong shape or device, naming the argument.
    """
    check_like("gain", gain, (x.shape[-1],), ("x", x), same_dtype=False)
    result: Tensor = layer_implementation(x).rms_norm(x, gain, epsilon)
    return result
