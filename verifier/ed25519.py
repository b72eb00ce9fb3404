"""Verifies Ed25519 signatures (RFC 8032, 5.1.7) in plain integers.

Stricter than the RFC where it leaves a choice: S below the group order, only canonical encodings, public key and R not of small order, the
public key in the prime-order subgroup, and the equation without cofactor.
"""

import hashlib

__all__ = ["verify"]

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]
_IDENTITY: _Point = (0, 1, 1, 0)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` is valid under `public_key` (32 bytes). Wrong lengths are invalid."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    A, R = _decode(public_key), _decode(signature[:32])
    S = int.from_bytes(signature[32:], "little")
    if A is None or R is None or S >= _L:
        return False
    if _is_identity(_multiply(8, A)) or _is_identity(_multiply(8, R)) or not _is_identity(_multiply(_L, A)):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _L
    return _equal(_multiply(S, _BASE), _add(R, _multiply(k, A)))


def _decode(encoded: bytes) -> _Point | None:
    """The point with y and the sign of x as encoded (5.1.3), in extended coordinates (X, Y, Z, T); None if there is none."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P != u:
        x = x * _ROOT % _P
    if v * x * x % _P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _add(p: _Point, q: _Point) -> _Point:
    """Complete addition (5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(n: int, point: _Point) -> _Point:
    result = _IDENTITY
    while n:
        if n & 1:
            result = _add(result, point)
        point = _add(point, point)
        n >>= 1
    return result


def _equal(p: _Point, q: _Point) -> bool:
    return (p[0] * q[2] - q[0] * p[2]) % _P == 0 and (p[1] * q[2] - q[1] * p[2]) % _P == 0


def _is_identity(point: _Point) -> bool:
    return _equal(point, _IDENTITY)


def _base() -> _Point:
    point = _decode((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    if point is None:
        raise ArithmeticError("the base point of Ed25519 does not exist")
    return point


_BASE = _base()
