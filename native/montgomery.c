/* Arithmetic modulo one 4096-bit number p with p = -1 mod 2^256, many numbers at a time: the module `montgomery`.
 *
 * PUBLIC VALUES ONLY. Running time and memory accesses depend on numbers and exponents. A guardian's secrets never come here.
 *
 * Division of work: this file multiplies. What is multiplied with what, which numbers are admissible and what a result means is decided in
 * Python. So nothing here is about elections, and the engine and the verifier may both use it.
 *
 * Numbers
 *   Outside, a number is 512 bytes, big-endian; numbers stand one behind the other without gaps. Every value that fits is accepted and stands
 *   for itself mod p; whoever must refuse 0, or p and above, does so before. Results are canonical: below p.
 *   Inside, a number is a row of 80 limbs of 52 bits, the least significant first, 640 bytes. A row holds a value below 2p, and since
 *   2p < 2^4097 its last limb is always 0.
 *
 * Multiplication
 *   Montgomery's, with R = 2^4160: rows x and y become x*y/R mod p. Usually that takes a quotient digit per limb, m = t * (-1/p) mod 2^52.
 *   Here -1/p = 1 modulo 2^256, so the low limbs of the running sum are the quotient digits themselves, and four of them can go at once:
 *       t + m*p = (t - m) + m*(p + 1), with m = t mod 2^208, is divisible by 2^208, and so is p + 1:
 *       t  becomes  (t >> 208) + m * Q, with Q = (p + 1) / 2^208, a number of 75 limbs instead of 79.
 *   From x, y <= 2p the result is at most (4p^2)/R + p = p*(1 + 2^-62): below 2p, so no subtraction is needed between multiplications.
 *   A row x stands for x/R mod p ("Montgomery form") once it takes part in products; `one` is R mod p. Numbers are not converted on the way
 *   in: a number x simply stands for x/R, and the product of n of them lacks a factor R^n, made good once at the end.
 *
 * Kernels
 *   A kernel multiplies eight pairs of rows, which need have nothing to do with each other. Which one is used is decided when a Modulus is
 *   made, by what the processor can do: AVX-512 IFMA, else AVX2, else none (then there is no Modulus, and the caller uses gmpy2). With IFMA
 *   eight squarings have a kernel of their own, which is a quarter faster; it is used whenever both numbers of all eight pairs are the same.
 *
 * Threads
 *   The interpreter lock is released while rows are multiplied, but for a moment now and then in which Python looks after signals. All
 *   sizes and indices are checked before, on copies where they could be changed by another thread meanwhile; objects are never changed after
 *   they are made, except that a Modulus counts the work done.
 */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define KERNELS 1
#include <immintrin.h>
#else
#define KERNELS 0
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ALIGNED __attribute__((aligned(64)))
#define INLINE static inline __attribute__((always_inline))
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define ALIGNED
#define INLINE static inline
#define PREFETCH(address) ((void)(address))
#endif

#define BYTES 512          /* a number outside */
#define LIMBS 80           /* a row */
#define LIMB_BITS 52
#define MASK ((UINT64_C(1) << LIMB_BITS) - 1)
#define LANES 8            /* multiplications a kernel does at once */
#define EXPONENT_BYTES 32
#define Q_ORDER 189        /* the order of the subgroup is 2^256 - 189 */

typedef uint64_t limb;

/* ---------------------------------------------------------------- constants of one modulus */

typedef struct Engine Engine;

/* dst[i] = a[i] * b[i] / R for the eight i. A dst may be one of its own a and b, but none of another pair's. */
typedef void (*Kernel)(const Engine *engine, limb *const dst[LANES], const limb *const a[LANES], const limb *const b[LANES]);

/* dst[i] = a[i] * a[i] / R */
typedef void (*Square)(const Engine *engine, limb *const dst[LANES], const limb *const a[LANES]);

struct Engine {
    limb p[LIMBS];
    limb unit[LIMBS];      /* the plain number 1: multiplying by it divides by R */
    limb one[LIMBS];       /* R mod p: the 1 of Montgomery form */
    limb r_squared[LIMBS]; /* R^2 mod p: multiplying by it multiplies by R */
    limb q52[LIMBS];       /* Q in limbs of 52 bits, for IFMA: 75 of them, then zeros */
    limb q26[8 + 168];     /* Q in limbs of 26 bits, for AVX2: 8 zeros, 150 limbs, then zeros */
    Kernel multiply;
    Square square;
    const char *level;
};

/* ---------------------------------------------------------------- the kernel with AVX-512 IFMA */

#if KERNELS

#define IFMA __attribute__((target("avx512f,avx512ifma")))
#define UNROLL _Pragma("GCC unroll 8") /* plain -O2 would keep what these loops turn over in memory */

/* Eight vectors of eight words: rows become columns. */
INLINE IFMA void transpose8(__m512i r[8])
{
    __m512i t[8], u[8];
    UNROLL for (int i = 0; i < 8; i += 2) {
        t[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
    }
    UNROLL for (int i = 0; i < 8; i += 4)
        UNROLL for (int j = 0; j < 2; j++) {
            u[i + j] = _mm512_shuffle_i64x2(t[i + j], t[i + j + 2], 0x88);
            u[i + j + 2] = _mm512_shuffle_i64x2(t[i + j], t[i + j + 2], 0xdd);
        }
    UNROLL for (int j = 0; j < 4; j++) {
        r[j] = _mm512_shuffle_i64x2(u[j], u[j + 4], 0x88);
        r[j + 4] = _mm512_shuffle_i64x2(u[j], u[j + 4], 0xdd);
    }
}

static IFMA void load8(__m512i lanes[LIMBS], const limb *const rows[LANES])
{
    for (int j = 0; j < LIMBS; j += 8) {
        __m512i r[8];
        UNROLL for (int i = 0; i < 8; i++)
            r[i] = _mm512_loadu_si512(rows[i] + j);
        transpose8(r);
        UNROLL for (int i = 0; i < 8; i++)
            lanes[j + i] = r[i];
    }
}

static IFMA void store8(limb *const rows[LANES], const __m512i lanes[LIMBS])
{
    for (int j = 0; j < LIMBS; j += 8) {
        __m512i r[8];
        UNROLL for (int i = 0; i < 8; i++)
            r[i] = lanes[j + i];
        transpose8(r);
        UNROLL for (int i = 0; i < 8; i++)
            _mm512_storeu_si512(rows[i] + j, r[i]);
    }
}

#define LO(sum, x, y) sum = _mm512_madd52lo_epu64(sum, x, y)
#define HI(sum, x, y) sum = _mm512_madd52hi_epu64(sum, x, y)

/* One multiplier v times five neighbouring limbs x0..x4 for four columns: the low halves of x1..x4, the high halves of x0..x3. */
#define STEP(v, x0, x1, x2, x3, x4) \
    LO(l0, v, x1); LO(l1, v, x2); LO(l2, v, x3); LO(l3, v, x4); \
    HI(h0, v, x0); HI(h1, v, x1); HI(h2, v, x2); HI(h3, v, x3)

/* Four multipliers, each one column further left, times eight limbs: everything that falls into four columns in the middle. */
#define MIDDLE(v0, v1, v2, v3) \
    STEP(v0, w3, w4, w5, w6, w7); \
    STEP(v1, w2, w3, w4, w5, w6); \
    STEP(v2, w1, w2, w3, w4, w5); \
    STEP(v3, w0, w1, w2, w3, w4)

/* The same where w0..w3 are zero: the four lowest columns. */
#define LOWEST(v0, v1, v2, v3) \
    LO(l0, v0, w4); LO(l1, v0, w5); LO(l2, v0, w6); LO(l3, v0, w7); \
    HI(h1, v0, w4); HI(h2, v0, w5); HI(h3, v0, w6); \
    LO(l1, v1, w4); LO(l2, v1, w5); LO(l3, v1, w6); HI(h2, v1, w4); HI(h3, v1, w5); \
    LO(l2, v2, w4); LO(l3, v2, w5); HI(h3, v2, w4); \
    LO(l3, v3, w4)

/* The same where w3..w7 are zero: the four highest columns. */
#define HIGHEST(v1, v2, v3) \
    LO(l0, v2, w2); HI(h0, v1, w2); HI(h1, v2, w2); \
    LO(l1, v3, w2); HI(h0, v2, w1); HI(h1, v3, w1); \
    LO(l0, v3, w1); HI(h0, v3, w0); HI(h2, v3, w2)

#define WINDOW(at) \
    w0 = (at)[0]; w1 = (at)[1]; w2 = (at)[2]; w3 = (at)[3]; w4 = (at)[4]; w5 = (at)[5]; w6 = (at)[6]; w7 = (at)[7]

#define HIGHER(at) \
    w4 = (at)[0]; w5 = (at)[1]; w6 = (at)[2]; w7 = (at)[3]

#define SPREAD(at) \
    w0 = _mm512_set1_epi64((long long)(at)[0]); w1 = _mm512_set1_epi64((long long)(at)[1]); \
    w2 = _mm512_set1_epi64((long long)(at)[2]); w3 = _mm512_set1_epi64((long long)(at)[3]); \
    w4 = _mm512_set1_epi64((long long)(at)[4]); w5 = _mm512_set1_epi64((long long)(at)[5]); \
    w6 = _mm512_set1_epi64((long long)(at)[6]); w7 = _mm512_set1_epi64((long long)(at)[7])

#define BEGIN(k) \
    l0 = t[(k) + 4]; l1 = t[(k) + 5]; l2 = t[(k) + 6]; l3 = t[(k) + 7]; h0 = h1 = h2 = h3 = zero

#define END(k) \
    t[k] = _mm512_add_epi64(l0, h0); t[(k) + 1] = _mm512_add_epi64(l1, h1); \
    t[(k) + 2] = _mm512_add_epi64(l2, h2); t[(k) + 3] = _mm512_add_epi64(l3, h3)

/* Quotient digits n0..n3: four columns, carried through; what remains goes to column 4. */
#define CARRY(c0, c1, c2, c3) \
    l0 = c0; n0 = _mm512_and_si512(l0, mask); \
    l1 = _mm512_add_epi64(c1, _mm512_srli_epi64(l0, LIMB_BITS)); n1 = _mm512_and_si512(l1, mask); \
    l2 = _mm512_add_epi64(c2, _mm512_srli_epi64(l1, LIMB_BITS)); n2 = _mm512_and_si512(l2, mask); \
    l3 = _mm512_add_epi64(c3, _mm512_srli_epi64(l2, LIMB_BITS)); n3 = _mm512_and_si512(l3, mask); \
    t[4] = _mm512_add_epi64(t[4], _mm512_srli_epi64(l3, LIMB_BITS))

/* Quotient digits of the next four rows: columns 0..3 with those rows' share. */
#define DIGITS(rows) \
    HIGHER(a); \
    l0 = t[0]; l1 = t[1]; l2 = t[2]; l3 = t[3]; h1 = h2 = h3 = zero; \
    LOWEST((rows)[0], (rows)[1], (rows)[2], (rows)[3]); \
    CARRY(l0, _mm512_add_epi64(l1, h1), _mm512_add_epi64(l2, h2), _mm512_add_epi64(l3, h3))

INLINE IFMA void carry_all(__m512i t[LIMBS])
{
    const __m512i mask = _mm512_set1_epi64((long long)MASK);
    __m512i carry = _mm512_setzero_si512();
    for (int k = 0; k < LIMBS; k++) {
        carry = _mm512_add_epi64(t[k], carry);
        t[k] = _mm512_and_si512(carry, mask);
        carry = _mm512_srli_epi64(carry, LIMB_BITS);
    }
}

/* Product and reduction in one: for every four limbs of b, t becomes (t + a*b) >> 208 plus digits * Q, four columns at a time. A column
 * takes in 16 terms below 2^52 in each of 20 rounds, less than 2^61 in all, so carries wait until the end. The digits of the next round
 * depend on columns 0..7 only and are computed as soon as those are done, so that nothing waits for their carries. */
static IFMA void product8(__m512i t[LIMBS + 4], const __m512i a[LIMBS], const __m512i b[LIMBS], const limb q[LIMBS])
{
    const __m512i zero = _mm512_setzero_si512(), mask = _mm512_set1_epi64((long long)MASK);
    __m512i w0, w1, w2, w3, w4, w5, w6, w7, l0, l1, l2, l3, h0, h1, h2, h3, n0, n1, n2, n3;

    for (int k = 0; k < LIMBS + 4; k++)
        t[k] = zero;
    DIGITS(b);
    for (int i = 0; i < LIMBS; i += 4) {
        const __m512i b0 = b[i], b1 = b[i + 1], b2 = b[i + 2], b3 = b[i + 3];
        const __m512i m0 = n0, m1 = n1, m2 = n2, m3 = n3;

        BEGIN(0); WINDOW(a); MIDDLE(b0, b1, b2, b3);
        w4 = _mm512_set1_epi64((long long)q[0]); w5 = _mm512_set1_epi64((long long)q[1]);
        w6 = _mm512_set1_epi64((long long)q[2]); w7 = _mm512_set1_epi64((long long)q[3]);
        LOWEST(m0, m1, m2, m3); END(0);

        BEGIN(4); WINDOW(a + 4); MIDDLE(b0, b1, b2, b3); SPREAD(q); MIDDLE(m0, m1, m2, m3); END(4);
        if (i + 4 < LIMBS) {
            DIGITS(b + i + 4);
        }
        for (int k = 8; k < 76; k += 4) {
            BEGIN(k); WINDOW(a + k); MIDDLE(b0, b1, b2, b3); SPREAD(q + k - 4); MIDDLE(m0, m1, m2, m3); END(k);
        }
        BEGIN(76);
        w0 = a[76]; w1 = a[77]; w2 = a[78];
        HIGHEST(b1, b2, b3);
        w0 = _mm512_set1_epi64((long long)q[72]); w1 = _mm512_set1_epi64((long long)q[73]); w2 = _mm512_set1_epi64((long long)q[74]);
        HIGHEST(m1, m2, m3); END(76);
    }
    carry_all(t);
}

/* A square. The product of two different limbs occurs twice, so it is computed once, with twice the limb further left: a round takes four
 * limbs of a times themselves, and times the limbs of 2a to their left. Of those the lowest must do without the bit that was carried into
 * it from the four; being even otherwise, it has that bit in its lowest place. The limbs of 2a are below 2^52 like all others, and there
 * are never more terms in a column than in product8, whose reduction this is. 18,720 multiply instructions instead of 24,800. */
static IFMA void square8(__m512i t[LIMBS + 4], const __m512i a[LIMBS], const limb q[LIMBS])
{
    const __m512i zero = _mm512_setzero_si512(), mask = _mm512_set1_epi64((long long)MASK), even = _mm512_set1_epi64(-2);
    __m512i w0, w1, w2, w3, w4, w5, w6, w7, l0, l1, l2, l3, h0, h1, h2, h3, n0, n1, n2, n3;
    __m512i d[LIMBS + 4], carry = zero; /* 2a, but for the four limbs whose round it is: there a */

    for (int k = 0; k < LIMBS; k++) {
        d[k] = _mm512_and_si512(_mm512_or_si512(_mm512_slli_epi64(a[k], 1), carry), mask);
        carry = _mm512_srli_epi64(a[k], LIMB_BITS - 1);
    }
    for (int k = 0; k < LIMBS + 4; k++)
        t[k] = zero;
    DIGITS(a);
    for (int i = 0; i < LIMBS; i += 4) {
        const __m512i a0 = a[i], a1 = a[i + 1], a2 = a[i + 2], a3 = a[i + 3];
        const __m512i m0 = n0, m1 = n1, m2 = n2, m3 = n3;

        d[i] = a0; d[i + 1] = a1; d[i + 2] = a2; d[i + 3] = a3;
        if (i + 4 < LIMBS)
            d[i + 4] = _mm512_and_si512(d[i + 4], even);

        /* What the product has in a column begins, as the rounds go on, further and further left. */
        BEGIN(0);
        if (i == 0) {
            WINDOW(d); MIDDLE(a0, a1, a2, a3);
        } else if (i == 4) {
            HIGHER(d + 4); LOWEST(a0, a1, a2, a3);
        }
        w4 = _mm512_set1_epi64((long long)q[0]); w5 = _mm512_set1_epi64((long long)q[1]);
        w6 = _mm512_set1_epi64((long long)q[2]); w7 = _mm512_set1_epi64((long long)q[3]);
        LOWEST(m0, m1, m2, m3); END(0);

        BEGIN(4);
        if (i <= 4) {
            WINDOW(d + 4); MIDDLE(a0, a1, a2, a3);
        } else if (i == 8) {
            HIGHER(d + 8); LOWEST(a0, a1, a2, a3);
        }
        SPREAD(q); MIDDLE(m0, m1, m2, m3); END(4);
        if (i + 4 < LIMBS) {
            CARRY(t[0], t[1], t[2], t[3]);
        }
        for (int k = 8; k < 76 && k < i - 4; k += 4) {
            BEGIN(k); SPREAD(q + k - 4); MIDDLE(m0, m1, m2, m3); END(k);
        }
        if (i >= 12) {
            const int k = i - 4;
            BEGIN(k); HIGHER(d + i); LOWEST(a0, a1, a2, a3); SPREAD(q + k - 4); MIDDLE(m0, m1, m2, m3); END(k);
        }
        for (int k = i < 8 ? 8 : i; k < 76; k += 4) {
            BEGIN(k); WINDOW(d + k); MIDDLE(a0, a1, a2, a3); SPREAD(q + k - 4); MIDDLE(m0, m1, m2, m3); END(k);
        }
        BEGIN(76);
        w0 = d[76]; w1 = d[77]; w2 = d[78];
        HIGHEST(a1, a2, a3);
        w0 = _mm512_set1_epi64((long long)q[72]); w1 = _mm512_set1_epi64((long long)q[73]); w2 = _mm512_set1_epi64((long long)q[74]);
        HIGHEST(m1, m2, m3); END(76);
    }
    carry_all(t);
}

static IFMA void square_ifma(const Engine *engine, limb *const dst[LANES], const limb *const a[LANES])
{
    __m512i rows[LIMBS], t[LIMBS + 4];
    load8(rows, a);
    square8(t, rows, engine->q52);
    store8(dst, t);
}

static IFMA void multiply_ifma(const Engine *engine, limb *const dst[LANES], const limb *const a[LANES], const limb *const b[LANES])
{
    __m512i left[LIMBS], right[LIMBS], t[LIMBS + 4];
    load8(left, a);
    load8(right, b);
    product8(t, left, right, engine->q52);
    store8(dst, t);
}

/* ---------------------------------------------------------------- the kernel with AVX2 */

#define AVX2 __attribute__((target("avx2")))
#define HALF 26             /* a limb of 52 bits is two of 26, so rows and R are the same as above */
#define HALVES (2 * LIMBS)
#define HALF_MASK ((1 << HALF) - 1)

/* Four rows, their limbs halved, one row per lane; zeros behind, for the windows that go past the end. */
static AVX2 void load4(__m256i lanes[HALVES + 12], const limb *const rows[4])
{
    const __m256i mask = _mm256_set1_epi64x(HALF_MASK);
    for (int j = 0; j < LIMBS; j++) {
        __m256i x = _mm256_set_epi64x((long long)rows[3][j], (long long)rows[2][j], (long long)rows[1][j], (long long)rows[0][j]);
        lanes[2 * j] = _mm256_and_si256(x, mask);
        lanes[2 * j + 1] = _mm256_srli_epi64(x, HALF);
    }
    for (int j = HALVES; j < HALVES + 12; j++)
        lanes[j] = _mm256_setzero_si256();
}

#define ADD(sum, x, y) sum = _mm256_add_epi64(sum, _mm256_mul_epu32(x, y))

/* Two multipliers, the second one column further left, times five limbs, for four columns. The empty statements are for the compiler: after
 * the first it must keep the limbs used twice in registers, or loads would be the bottleneck (a third slower); because of the second it
 * can't compute the products of many steps before it adds them, for which there are far too few registers (half as fast). */
#define PAIR(v0, v1, at) do { \
    __m256i y0 = v0, y1 = v1, x0 = (at)[-1], x1 = (at)[0], x2 = (at)[1], x3 = (at)[2], x4 = (at)[3]; \
    __asm__ volatile("" : "+x"(x1), "+x"(x2), "+x"(x3)); \
    ADD(s0, y0, x1); ADD(s1, y0, x2); ADD(s2, y0, x3); ADD(s3, y0, x4); \
    ADD(s0, y1, x0); ADD(s1, y1, x1); ADD(s2, y1, x2); ADD(s3, y1, x3); \
    __asm__ volatile("" : "+x"(s0), "+x"(s1), "+x"(s2), "+x"(s3) : : "memory"); \
    } while (0)

/* As product8, for four lanes and eight half limbs (the same 208 bits) in a round. Products are below 2^52; a column takes in 320. */
static AVX2 void product4(__m256i t[HALVES + 8], const __m256i a[HALVES + 12], const __m256i b[HALVES + 12], const __m256i q[8 + 168])
{
    const __m256i zero = _mm256_setzero_si256(), mask = _mm256_set1_epi64x(HALF_MASK);

    for (int k = 0; k < HALVES + 8; k++)
        t[k] = zero;
    for (int i = 0; i < HALVES; i += 8) {
        const __m256i *v = b + i;
        __m256i m[8], carry = zero;
        UNROLL for (int c = 0; c < 8; c++) {
            __m256i sum = _mm256_add_epi64(t[c], carry);
            UNROLL for (int r = 0; r <= c; r++)
                ADD(sum, v[r], a[c - r]);
            m[c] = _mm256_and_si256(sum, mask);
            carry = _mm256_srli_epi64(sum, HALF);
        }
        t[8] = _mm256_add_epi64(t[8], carry);
        for (int k = 0; k < HALVES; k += 4) {
            __m256i s0 = t[k + 8], s1 = t[k + 9], s2 = t[k + 10], s3 = t[k + 11];
            const __m256i *x = a + k, *z = q + k;
            PAIR(v[0], v[1], x + 8); PAIR(v[2], v[3], x + 6); PAIR(v[4], v[5], x + 4); PAIR(v[6], v[7], x + 2);
            PAIR(m[0], m[1], z + 8); PAIR(m[2], m[3], z + 6); PAIR(m[4], m[5], z + 4); PAIR(m[6], m[7], z + 2);
            t[k] = s0; t[k + 1] = s1; t[k + 2] = s2; t[k + 3] = s3;
        }
    }
}

static AVX2 void multiply_avx2(const Engine *engine, limb *const dst[LANES], const limb *const a[LANES], const limb *const b[LANES])
{
    __m256i left[HALVES + 12], right[HALVES + 12], t[HALVES + 8], q[8 + 168];
    const __m256i mask = _mm256_set1_epi64x(HALF_MASK);
    for (int j = 0; j < 8 + 168; j++)
        q[j] = _mm256_set1_epi64x((long long)engine->q26[j]);
    for (int half = 0; half < LANES; half += 4) {
        load4(left, a + half);
        load4(right, b + half);
        product4(t, left, right, q);
        __m256i carry = _mm256_setzero_si256();
        for (int j = 0; j < LIMBS; j++) {
            __m256i low = _mm256_add_epi64(t[2 * j], carry);
            __m256i high = _mm256_add_epi64(t[2 * j + 1], _mm256_srli_epi64(low, HALF));
            carry = _mm256_srli_epi64(high, HALF);
            limb words[4] ALIGNED;
            _mm256_store_si256((__m256i *)words,
                _mm256_or_si256(_mm256_and_si256(low, mask), _mm256_slli_epi64(_mm256_and_si256(high, mask), HALF)));
            UNROLL for (int i = 0; i < 4; i++)
                dst[half + i][j] = words[i];
        }
    }
}

static AVX2 void square_avx2(const Engine *engine, limb *const dst[LANES], const limb *const a[LANES])
{
    multiply_avx2(engine, dst, a, a);
}

#endif /* KERNELS */

/* ---------------------------------------------------------------- dispatch */

typedef struct {
    const char *name;
    Kernel multiply;
    Square square;
} Level;

/* The kernels that this processor and its operating system can run, best first; returns how many. */
static int available_levels(Level levels[2])
{
    int count = 0;
#if KERNELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma"))
        levels[count++] = (Level){"avx512ifma", multiply_ifma, square_ifma};
    if (__builtin_cpu_supports("avx2"))
        levels[count++] = (Level){"avx2", multiply_avx2, square_avx2};
#else
    (void)levels;
#endif
    return count;
}

/* ---------------------------------------------------------------- rows */

#define HUGE_PAGE (UINT64_C(1) << 21)

/* Memory for rows, on a cache line's boundary; NULL if there is none. Free with free(). Rows are taken from all over: where there are many,
 * the system is asked for pages of 2 MiB, whose addresses the processor keeps at hand. */
static limb *new_rows(size_t count)
{
    if (count > PTRDIFF_MAX / (LIMBS * sizeof(limb)))
        return NULL;
    const size_t size = (count + !count) * LIMBS * sizeof(limb);
    void *memory = NULL;
#if defined(_WIN32)
    memory = malloc(size);
#else
    if (posix_memalign(&memory, size < 2 * HUGE_PAGE ? 64 : HUGE_PAGE, size))
        return NULL;
#if defined(MADV_HUGEPAGE)
    if (size >= 2 * HUGE_PAGE)
        madvise(memory, size, MADV_HUGEPAGE); /* if not, then not */
#endif
#endif
    return memory;
}

static void *new_array(size_t count, size_t size)
{
    return count > PTRDIFF_MAX / size ? NULL : malloc((count + !count) * size);
}

static limb *row_at(limb *rows, size_t index) { return rows + index * LIMBS; }

static void copy_row(limb *dst, const limb *src) { memmove(dst, src, LIMBS * sizeof(limb)); }

/* Eight bytes, the most significant first. */
static limb read_word(const unsigned char *at)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    limb word;
    memcpy(&word, at, sizeof word);
    return __builtin_bswap64(word);
#else
    limb word = 0;
    for (int i = 0; i < 8; i++)
        word = word << 8 | at[i];
    return word;
#endif
}

/* Limb j begins at bit 52 j, that is in byte 6.5 j from the end: eight bytes from there hold it, shifted by four bits for odd j. */
static void read_number(limb *row, const unsigned char *bytes)
{
    const unsigned char *at = bytes + BYTES - 8;
    for (int j = 0; j < 78; j += 2, at -= 13) {
        row[j] = read_word(at) & MASK;
        row[j + 1] = read_word(at - 6) >> 4 & MASK;
    }
    row[78] = (limb)bytes[0] << 32 | (limb)bytes[1] << 24 | (limb)bytes[2] << 16 | (limb)bytes[3] << 8 | bytes[4];
    row[79] = 0;
}

/* Numbers one behind the other. They come from far away, and each is read backwards: they are called up in advance. */
static void read_numbers(limb *rows, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (count - i > 4)
            for (int line = 0; line < BYTES; line += 64)
                PREFETCH(bytes + (i + 4) * BYTES + line);
        read_number(row_at(rows, i), bytes + i * BYTES);
    }
}

/* x mod p for x < 2p; dst may be x. */
static void reduce(const Engine *engine, limb *dst, const limb *x)
{
    const limb *p = engine->p;
    int top = LIMBS - 1;
    while (top > 0 && x[top] == p[top])
        top--;
    if (x[top] < p[top]) {
        copy_row(dst, x);
        return;
    }
    limb borrow = 0;
    for (int j = 0; j < LIMBS; j++) {
        limb difference = x[j] - p[j] - borrow;
        borrow = difference >> 63;
        dst[j] = difference & MASK;
    }
}

/* The canonical bytes of x < 2p. */
static void write_number(const Engine *engine, unsigned char *bytes, const limb *x)
{
    limb row[LIMBS + 1];
    reduce(engine, row, x);
    for (int j = 0; j < 78; j += 2) { /* two limbs are 13 bytes */
        unsigned char *at = bytes + BYTES - 13 - 13 * j / 2;
        limb high = row[j + 1] << 4 | row[j] >> 48, low = row[j] & ((UINT64_C(1) << 48) - 1);
        for (int i = 0; i < 7; i++)
            at[i] = (unsigned char)(high >> (48 - 8 * i));
        for (int i = 0; i < 6; i++)
            at[7 + i] = (unsigned char)(low >> (40 - 8 * i));
    }
    for (int i = 0; i < 5; i++)
        bytes[i] = (unsigned char)(row[78] >> (32 - 8 * i));
}

/* ---------------------------------------------------------------- one call */

/* What a call from Python works with and counts. Two calls at a time share nothing: their counts meet in the Modulus at the end. */
typedef struct {
    const Engine *engine;
    uint64_t multiplications; /* made so far, the useful ones */
    uint64_t lanes;           /* the same with those that only filled a kernel's eight lanes */
    uint64_t pause;           /* at how many lanes to ask for signals next */
    PyThreadState *thread;    /* the caller's, while the interpreter lock is released */
    int stopped;              /* a signal's handler has raised: nothing is multiplied any more, and what was computed is worthless */
} Job;

#if defined(__SANITIZE_ADDRESS__)
#define LANES_BETWEEN_PAUSES (UINT64_C(1) << 13)
#else
#define LANES_BETWEEN_PAUSES (UINT64_C(1) << 17) /* a tenth to a third of a second */
#endif

/* Begins a call, with the interpreter lock, and releases it. */
static void job_start(Job *job, const Engine *engine)
{
    *job = (Job){.engine = engine, .pause = LANES_BETWEEN_PAUSES};
    job->thread = PyEval_SaveThread();
}

/* Lets Python's signal handlers run, which it leaves to the main thread: Ctrl-C must end a long call. */
static void job_pause(Job *job)
{
    job->pause = job->lanes + LANES_BETWEEN_PAUSES;
    PyEval_RestoreThread(job->thread);
    job->stopped = PyErr_CheckSignals() < 0;
    job->thread = PyEval_SaveThread();
}

/* ---------------------------------------------------------------- lists of multiplications */

/* Collects multiplications that do not depend on each other, and does them eight at a time, in the order in which they were added; eight
 * squarings are faster, so let them follow one another. While eight are done, the rows of the next eight are called up from memory. */
typedef struct {
    Job *job;
    int count;
    limb *dst[2 * LANES];
    const limb *a[2 * LANES], *b[2 * LANES];
    limb spare[LANES][LIMBS] ALIGNED; /* where lanes without work put their results */
} Batch;

static void batch_start(Batch *batch, Job *job)
{
    batch->job = job;
    batch->count = 0;
}

/* Does the first eight, or as many as there are. */
static void batch_run(Batch *batch)
{
    Job *job = batch->job;
    const Engine *engine = job->engine;
    const int count = batch->count < LANES ? batch->count : LANES;
    for (int i = count; i < LANES; i++) {
        batch->dst[i] = batch->spare[i];
        batch->a[i] = batch->b[i] = engine->unit;
    }
    int squares = 0;
    while (squares < count && batch->a[squares] == batch->b[squares])
        squares++;
    if (!job->stopped) {
        if (squares == count)
            engine->square(engine, batch->dst, batch->a);
        else
            engine->multiply(engine, batch->dst, batch->a, batch->b);
        job->multiplications += (uint64_t)count;
        job->lanes += LANES;
        if (job->lanes >= job->pause)
            job_pause(job);
    }
    batch->count -= count;
    for (int i = 0; i < batch->count; i++) {
        batch->dst[i] = batch->dst[LANES + i];
        batch->a[i] = batch->a[LANES + i];
        batch->b[i] = batch->b[LANES + i];
    }
}

/* Does what is left. What is added afterwards may build on the results. */
static void batch_finish(Batch *batch)
{
    while (batch->count)
        batch_run(batch);
}

static void call_up(const limb *row)
{
    for (int j = 0; j < LIMBS; j += 8)
        PREFETCH(row + j);
}

static void batch_add(Batch *batch, limb *dst, const limb *a, const limb *b)
{
    call_up(a);
    if (a != b)
        call_up(b);
    batch->dst[batch->count] = dst;
    batch->a[batch->count] = a;
    batch->b[batch->count] = b;
    if (++batch->count == 2 * LANES)
        batch_run(batch);
}

static void multiply_one(Job *job, limb *dst, const limb *a, const limb *b)
{
    Batch batch;
    batch_start(&batch, job);
    batch_add(&batch, dst, a, b);
    batch_finish(&batch);
}

/* dst = the product of `count` rows; `one` if there are none. dst is none of the rows of any chain. */
typedef struct {
    const limb **rows;
    size_t count;
    limb *dst;
} Chain;

/* Each lane works on a chain of its own and takes the next one when that is done: count - 1 multiplications for each chain. */
static void run_chains(Job *job, const Chain *chains, size_t count)
{
    struct {
        const limb *const *rows;
        size_t left;
        limb *dst;
        const limb *so_far;
    } lanes[LANES] = {{0}};
    Batch batch;
    size_t next = 0;

    batch_start(&batch, job);
    for (;;) {
        int busy = 0;
        for (int i = 0; i < LANES; i++) {
            while (lanes[i].left == 0 && next < count) {
                const Chain *chain = &chains[next++];
                if (chain->count < 2) {
                    copy_row(chain->dst, chain->count ? chain->rows[0] : job->engine->one);
                    continue;
                }
                if (count - next > LANES && chain[LANES].count) {
                    call_up(chain[LANES].rows[0]);
                    call_up(chain[LANES].rows[chain[LANES].count > 1]);
                }
                lanes[i].rows = chain->rows + 1;
                lanes[i].left = chain->count - 1;
                lanes[i].dst = chain->dst;
                lanes[i].so_far = chain->rows[0];
            }
            if (lanes[i].left == 0)
                continue;
            const limb *row = *lanes[i].rows++;
            busy++;
            if (--lanes[i].left)
                call_up(*lanes[i].rows); /* it lies anywhere in memory, and its turn is next */
            const limb *so_far = lanes[i].so_far;
            lanes[i].so_far = lanes[i].dst;
            batch_add(&batch, lanes[i].dst, so_far, row);
        }
        batch_finish(&batch);
        if (!busy || job->stopped)
            return;
    }
}

/* All chains; long ones are cut into pieces first, which the lanes can share. 0, or -1 without memory. */
static int multiply_chains(Job *job, const Chain *chains, size_t count)
{
    size_t total = 0, pieces = 0, cut = 0;
    for (size_t i = 0; i < count; i++)
        total += chains[i].count;
    /* Short pieces keep all lanes busy where there is little to do, long ones save copies where there is much. */
    const size_t longest = total < 64 ? 2 : total < 256 ? 4 : total < 1024 ? 8 : 32;
    for (size_t i = 0; i < count; i++)
        if (chains[i].count > longest) {
            pieces += (chains[i].count + longest - 1) / longest;
            cut++;
        }
    if (cut == 0) {
        run_chains(job, chains, count);
        return 0;
    }
    Chain *first = new_array(count - cut + pieces, sizeof(Chain)), *second = new_array(cut, sizeof(Chain));
    const limb **partial = new_array(pieces, sizeof(limb *));
    limb *rows = new_rows(pieces);
    int status = -1;
    if (first && second && partial && rows) {
        size_t n = 0, piece = 0, c = 0;
        for (size_t i = 0; i < count; i++) {
            if (chains[i].count <= longest) {
                first[n++] = chains[i];
                continue;
            }
            second[c] = (Chain){partial + piece, 0, chains[i].dst};
            for (size_t at = 0; at < chains[i].count; at += longest) {
                size_t left = chains[i].count - at;
                limb *dst = row_at(rows, piece);
                first[n++] = (Chain){chains[i].rows + at, left < longest ? left : longest, dst};
                partial[piece++] = dst;
                second[c].count++;
            }
            c++;
        }
        run_chains(job, first, n);
        status = multiply_chains(job, second, cut);
    }
    free(rows);
    free(partial);
    free(second);
    free(first);
    return status;
}

/* ---------------------------------------------------------------- making up for R */

#define COUNT_BITS 40 /* of how many numbers may be multiplied together */

/* powers[i] = R^(2^i) in Montgomery form. */
static void powers_of_R(Job *job, limb *powers, int bits)
{
    for (int i = 0; i < bits; i++)
        if (i == 0)
            copy_row(powers, job->engine->r_squared);
        else
            multiply_one(job, row_at(powers, i), row_at(powers, i - 1), row_at(powers, i - 1));
}

static int bit_length(uint64_t x)
{
    int bits = 0;
    for (; x; x >>= 1)
        bits++;
    return bits;
}

/* Multiplies row i, a product of counts[i] numbers that were not converted, by R^counts[i]: the product in Montgomery form. */
static void restore(Job *job, limb *rows, const uint64_t *counts, size_t n)
{
    limb powers[COUNT_BITS * LIMBS] ALIGNED;
    uint64_t all = 0;
    Batch batch;
    for (size_t i = 0; i < n; i++)
        all |= counts[i];
    const int bits = bit_length(all);
    powers_of_R(job, powers, bits);
    batch_start(&batch, job);
    for (int bit = 0; bit < bits; bit++) {
        for (size_t i = 0; i < n; i++)
            if (counts[i] >> bit & 1)
                batch_add(&batch, row_at(rows, i), row_at(rows, i), row_at(powers, bit));
        batch_finish(&batch);
    }
}

/* How many multiplications `restore` would make, not counting the powers of R. */
static size_t restore_cost(const uint64_t *counts, size_t n)
{
    size_t cost = 0;
    for (size_t i = 0; i < n; i++)
        for (uint64_t count = counts[i]; count; count &= count - 1)
            cost++;
    return cost;
}

/* rows[i] times the same factor, for all rows: `unit` to leave Montgomery form, `r_squared` to enter it. */
static void multiply_all(Job *job, limb *rows, const limb *factor, size_t n)
{
    Batch batch;
    batch_start(&batch, job);
    for (size_t i = 0; i < n; i++)
        batch_add(&batch, row_at(rows, i), row_at(rows, i), factor);
    batch_finish(&batch);
}

/* ---------------------------------------------------------------- the primitives; each returns 0, or -1 without memory */

#define AT_ONCE 512 /* numbers whose rows stay near the processor between two steps */

/* out[i] = numbers[pairs[2 i]] * numbers[pairs[2 i + 1]] */
static int multiply_pairs(Job *job, unsigned char *out, const unsigned char *numbers, size_t n, const uint32_t *pairs, size_t count)
{
    limb *pool = new_rows(n), *results = new_rows(AT_ONCE);
    Batch batch;
    int status = -1;
    if (pool && results) {
        read_numbers(pool, numbers, n);
        batch_start(&batch, job);
        for (size_t start = 0; start < count && !job->stopped; start += AT_ONCE) {
            size_t some = count - start < AT_ONCE ? count - start : AT_ONCE;
            for (size_t i = 0; i < some; i++) {
                const uint32_t *pair = pairs + 2 * (start + i);
                batch_add(&batch, row_at(results, i), row_at(pool, pair[0]), row_at(pool, pair[1]));
            }
            batch_finish(&batch);
            multiply_all(job, results, job->engine->r_squared, some);
            for (size_t i = 0; i < some; i++)
                write_number(job->engine, out + (start + i) * BYTES, row_at(results, i));
        }
        status = 0;
    }
    free(results);
    free(pool);
    return status;
}

/* out[c] = the product of numbers[r * columns + c] for all r < n. A block of numbers is converted, then multiplied, while in the cache. */
static int multiply_columns(Job *job, unsigned char *out, const unsigned char *numbers, size_t n, size_t columns)
{
    size_t block = 4 * AT_ONCE / columns;
    if (block < 1)
        block = 1;
    if (block > n)
        block = n;
    limb *pool = new_rows(block * columns), *products = new_rows(2 * columns);
    const limb **items = new_array((block + 1) * columns, sizeof(limb *));
    Chain *chains = new_array(columns, sizeof(Chain));
    uint64_t *counts = new_array(columns, sizeof(uint64_t));
    int status = -1;
    if (pool && products && items && chains && counts) {
        limb *old = products, *new = row_at(products, columns);
        for (size_t c = 0; c < columns; c++) {
            copy_row(row_at(old, c), job->engine->one);
            counts[c] = n;
        }
        status = 0;
        for (size_t start = 0; start < n && status == 0 && !job->stopped; start += block) {
            size_t some = n - start < block ? n - start : block;
            read_numbers(pool, numbers + start * columns * BYTES, some * columns);
            for (size_t c = 0; c < columns; c++) {
                const limb **at = items + c * (block + 1);
                size_t length = 0;
                if (start > 0)
                    at[length++] = row_at(old, c);
                for (size_t r = 0; r < some; r++)
                    at[length++] = row_at(pool, r * columns + c);
                chains[c] = (Chain){at, length, row_at(new, c)};
            }
            status = multiply_chains(job, chains, columns);
            limb *swap = old;
            old = new;
            new = swap;
        }
        restore(job, old, counts, columns);
        multiply_all(job, old, job->engine->unit, columns);
        for (size_t c = 0; c < columns; c++)
            write_number(job->engine, out + c * BYTES, row_at(old, c));
    }
    free(counts);
    free(chains);
    free(items);
    free(products);
    free(pool);
    return status;
}

/* A comb's table: base^(d * 256^i) for i < 32 and d < 256 at row 256 i + d. In place 0 the plain numbers, elsewhere Montgomery form: a
 * product of one of the former and any of the latter is a plain number again. */
static int build_comb(Job *job, limb *table, const unsigned char *base)
{
    Batch batch;
    batch_start(&batch, job);
    read_number(row_at(table, 1), base);
    multiply_one(job, row_at(table, 1), row_at(table, 1), job->engine->r_squared);
    for (int i = 0; i < EXPONENT_BYTES; i++) {
        limb *row = row_at(table, 256 * (size_t)i);
        copy_row(row, job->engine->one);
        if (i > 0) {
            limb *first = row_at(row, 1);
            copy_row(first, row - 255 * LIMBS);
            for (int s = 0; s < 8; s++)
                multiply_one(job, first, first, first);
        }
    }
    for (size_t d = 2; d < 256; d++) {
        for (size_t i = 0; i < EXPONENT_BYTES; i++) {
            limb *row = row_at(table, 256 * i);
            batch_add(&batch, row_at(row, d), row_at(row, d - 1), row_at(row, 1));
        }
        batch_finish(&batch);
    }
    multiply_all(job, table, job->engine->unit, 256);
    return 0;
}

/* out[i] = base^exponents[i] */
static int comb_powers(Job *job, const limb *table, unsigned char *out, const unsigned char *exponents, size_t n)
{
    enum { SOME = 64 };
    limb *results = new_rows(SOME);
    const limb **items = new_array(SOME * EXPONENT_BYTES, sizeof(limb *));
    Chain chains[SOME];
    int status = -1;
    if (results && items) {
        status = 0;
        for (size_t start = 0; start < n && !job->stopped; start += SOME) {
            size_t some = n - start < SOME ? n - start : SOME;
            for (size_t k = 0; k < some; k++) {
                const unsigned char *digits = exponents + (start + k) * EXPONENT_BYTES;
                const limb **at = items + k * EXPONENT_BYTES;
                size_t length = 0;
                for (size_t i = 0; i < EXPONENT_BYTES; i++) {
                    size_t digit = digits[EXPONENT_BYTES - 1 - i];
                    if (digit || i == 0)
                        at[length++] = table + (256 * i + digit) * LIMBS;
                }
                chains[k] = (Chain){at, length, row_at(results, k)};
            }
            run_chains(job, chains, some);
            for (size_t k = 0; k < some; k++)
                write_number(job->engine, out + (start + k) * BYTES, row_at(results, k));
        }
    }
    free(items);
    free(results);
    return status;
}

#define GROUP 16   /* bases whose squares stay near the processor; the last group has up to twice as many, less one */
#define BLOCK 32   /* exponents whose buckets do; the same */
#define SQUARES 72 /* rows kept for each base */

/* Where x^(2^s) is kept for 0 <= s <= 256: those that digits and the membership need for good, the others only until the next. */
static size_t place_of(int s) { return s % 4 == 0 ? (size_t)s / 4 : s < 8 ? 64 + (size_t)s : 68; }

/* What comes next for a base or an exponent builds on what came before. All take turns: where there are eight or more of them, one has done
 * its step when its turn comes again, and no lane is without work even if they are not a multiple of eight. Fewer wait for each other. */
static void end_of_turn(Batch *batch, size_t count)
{
    if (count < LANES)
        batch_finish(batch);
}

/* The squares x^(2^s), 0 <= s <= 256, of each base, SQUARES rows for each. */
static void square_bases(Job *job, limb *squares, const unsigned char *bases, size_t n)
{
    Batch batch;
    batch_start(&batch, job);
    for (size_t i = 0; i < n; i++) {
        limb *x = row_at(squares, i * SQUARES);
        read_number(x, bases + i * BYTES);
        batch_add(&batch, x, x, job->engine->r_squared);
    }
    batch_finish(&batch);
    for (int s = 0; s < 256; s++) {
        for (size_t i = 0; i < n; i++) {
            limb *own = row_at(squares, i * SQUARES), *x = row_at(own, place_of(s));
            batch_add(&batch, row_at(own, place_of(s + 1)), x, x);
        }
        end_of_turn(&batch, n);
    }
    batch_finish(&batch);
}

/* Chains for the buckets 1 to 15 of one exponent; `items` is where their 64 rows at most are listed. */
static void fill_buckets(Chain chains[15], const limb **items, limb *buckets, limb *squares, const unsigned char *exponent)
{
    unsigned char digits[64]; /* read once, for somebody might change them */
    size_t with[16] = {0};
    for (int i = 0; i < 64; i++)
        with[digits[i] = exponent[EXPONENT_BYTES - 1 - i / 2] >> (i & 1) * 4 & 15]++;
    for (size_t d = 1; d < 16; d++) {
        chains[d - 1] = (Chain){items, 0, row_at(buckets, d)};
        items += with[d];
    }
    for (size_t i = 0; i < 64; i++)
        if (digits[i]) {
            Chain *chain = &chains[digits[i] - 1];
            chain->rows[chain->count++] = row_at(squares, i);
        }
}

/* Row 0 of each 16 becomes the product of bucket[d]^d, a plain number: bucket[15] the running product of the buckets from 15 down to d, and
 * bucket[0] the product of those. */
static void empty_buckets(Job *job, limb *buckets, size_t count)
{
    Batch batch;
    batch_start(&batch, job);
    for (size_t j = 0; j < count; j++)
        copy_row(row_at(buckets, j * 16), row_at(buckets, j * 16 + 15));
    for (size_t d = 14; d > 0; d--) {
        for (size_t j = 0; j < count; j++)
            batch_add(&batch, row_at(buckets, j * 16 + 15), row_at(buckets, j * 16 + 15), row_at(buckets, j * 16 + d));
        end_of_turn(&batch, count);
        for (size_t j = 0; j < count; j++)
            batch_add(&batch, row_at(buckets, j * 16), row_at(buckets, j * 16), row_at(buckets, j * 16 + 15));
        end_of_turn(&batch, count);
    }
    for (size_t j = 0; j < count; j++)
        batch_add(&batch, row_at(buckets, j * 16), row_at(buckets, j * 16), job->engine->unit);
    batch_finish(&batch);
}

/* out[j] = bases[i]^exponents[j] for firsts[i] <= j < firsts[i + 1], and members[i] = whether bases[i] is of the order q = 2^256 - 189,
 * that is x^(2^256) = x^189.
 *
 * Yao's method, from right to left: the squares x^(2^s) serve all exponents of a base and the membership alike. Digits of 4 bits: x^(16^i)
 * goes into the bucket of the i-th digit, and the power is the product of bucket[d]^d. */
static int shared_powers(Job *job, unsigned char *out, unsigned char *members, const unsigned char *bases, size_t n,
                         const unsigned char *exponents, const size_t *firsts)
{
    const size_t most = n < 2 * GROUP ? n : 2 * GROUP - 1, block = firsts[n] < 2 * BLOCK ? firsts[n] : 2 * BLOCK - 1;
    limb *squares = new_rows(most * SQUARES), *low = new_rows(most), *buckets = new_rows(block * 16);
    const limb **items = new_array(most * 8 + block * 64, sizeof(limb *));
    Chain *chains = new_array(most + block * 15, sizeof(Chain));
    int status = -1;
    if (squares && low && buckets && items && chains) {
        status = 0;
        for (size_t start = 0, some; start < n && status == 0 && !job->stopped; start += some) {
            some = n - start < 2 * GROUP ? n - start : GROUP;
            square_bases(job, squares, bases + start * BYTES, some);

            /* The chains for x^189 go with those of the first block of exponents. */
            const limb **item = items;
            Chain *chain = chains;
            for (size_t i = 0; i < some; i++) {
                *chain = (Chain){item, 0, row_at(low, i)};
                for (int s = 0; s < 8; s++)
                    if (Q_ORDER >> s & 1)
                        chain->rows[chain->count++] = row_at(squares, i * SQUARES + place_of(s));
                item += (chain++)->count;
            }
            size_t owner = start, at = firsts[start], end = firsts[start + some], count;
            do {
                count = end - at < 2 * BLOCK ? end - at : BLOCK;
                for (size_t j = 0; j < count; j++) {
                    while (firsts[owner + 1] <= at + j)
                        owner++;
                    limb *own = row_at(squares, (owner - start) * SQUARES);
                    fill_buckets(chain, item, row_at(buckets, j * 16), own, exponents + (at + j) * EXPONENT_BYTES);
                    chain += 15;
                    item += 64;
                }
                status = multiply_chains(job, chains, (size_t)(chain - chains));
                empty_buckets(job, buckets, count);
                for (size_t j = 0; j < count; j++)
                    write_number(job->engine, out + (at + j) * BYTES, row_at(buckets, j * 16));
                chain = chains;
                item = items;
                at += count;
            } while (at < end && status == 0 && !job->stopped);

            for (size_t i = 0; i < some; i++) {
                limb *x = row_at(low, i), *y = row_at(squares, i * SQUARES + place_of(256)), any = 0;
                reduce(job->engine, x, x);
                reduce(job->engine, y, y);
                for (int j = 0; j < LIMBS; j++)
                    any |= x[j];
                members[start + i] = any != 0 && memcmp(x, y, LIMBS * sizeof(limb)) == 0;
            }
        }
    }
    free(chains);
    free(items);
    free(buckets);
    free(low);
    free(squares);
    return status;
}

/* `width` bits of a big-endian exponent of `bytes` bytes, from bit `low` on. */
static uint32_t digit_of(const unsigned char *exponent, int bytes, int low, int width)
{
    uint32_t word = 0;
    for (int i = 3; i >= 0; i--) {
        int at = low / 8 + i;
        word = word << 8 | (at < bytes ? exponent[bytes - 1 - at] : 0);
    }
    return word >> low % 8 & ((UINT32_C(1) << width) - 1); /* 7 + 16 bits at most, of 32 */
}

#define WIDEST 16
#define BUCKETS_AT_ONCE 1024 /* whose rows stay near the processor */

/* Into how many windows to cut exponents of so many bits: for the fewest multiplications, which are one for each number in each window, and
 * one for each bucket: it takes its first number for nothing, and is then multiplied with twice. Windows differ by one bit at most. */
static int best_windows(size_t n, int bits)
{
    int best = 0;
    double least = 0;
    for (int windows = (bits + WIDEST - 1) / WIDEST; windows <= bits; windows++) {
        double buckets = (double)(windows + bits % windows) * (double)(1 << bits / windows);
        double cost = (double)windows * (double)n + buckets;
        if (best == 0 || cost < least) {
            least = cost;
            best = windows;
        }
    }
    return best;
}

/* slice[k] = the product of the bases whose exponent has bit k, and out = the product of slice[k]^(2^k).
 *
 * Pippenger's buckets: in each window of bits a base goes into the bucket of its digit. `exponents` is the caller's own copy. The buckets
 * of a window are folded in halves, the upper onto the lower; the product of each upper half is the slice of a bit. Where windows have few
 * buckets, several are worked on together, or lanes would often be without work. */
static int multi_power(Job *job, unsigned char *out, unsigned char *slices, const unsigned char *bases, size_t n,
                       const unsigned char *exponents, int bytes)
{
    const int bits = 8 * bytes, windows = best_windows(n, bits), narrow = bits / windows, wider = bits % windows;
    const int widest = narrow + (wider > 0);
    const size_t most = (size_t)1 << widest;
    int together = BUCKETS_AT_ONCE >> widest;
    if (together < 1)
        together = 1;
    if (together > windows)
        together = windows;
    const size_t each = n > most ? n : most;
    limb *pool = new_rows(n), *buckets = new_rows((size_t)together * most), *slice = new_rows(bits), *part = new_rows(LANES);
    const limb **items = new_array((size_t)together * each, sizeof(limb *));
    Chain *chains = new_array((size_t)together * most, sizeof(Chain));
    size_t *ends = new_array(most + 1, sizeof(size_t));
    uint64_t counts[8 * EXPONENT_BYTES] = {0};
    Batch batch;
    int status = -1;
    if (pool && buckets && slice && part && items && chains && ends) {
        status = 0;
        batch_start(&batch, job);
        read_numbers(pool, bases, n);
        for (size_t i = 0; i < n; i++)
            for (int k = 0; k < bits; k++)
                counts[k] += exponents[i * bytes + bytes - 1 - k / 8] >> k % 8 & 1;
        if (n < restore_cost(counts, bits)) {
            multiply_all(job, pool, job->engine->r_squared, n);
            memset(counts, 0, sizeof counts);
        }
        for (int start = 0; start < windows && status == 0 && !job->stopped; start += together) {
            const int end = windows - start < together ? windows : start + together;
            size_t count = 0;
            for (int w = start; w < end; w++) {
                const int width = narrow + (w < wider), low = w * narrow + (w < wider ? w : wider);
                const size_t size = (size_t)1 << width;
                const limb **item = items + (size_t)(w - start) * each;
                limb *bucket = row_at(buckets, (size_t)(w - start) * most);
                /* Sort by digit: ends[d] is where the next base with digit d goes, in the end where digit d + 1 begins. */
                memset(ends, 0, (size + 1) * sizeof(size_t));
                for (size_t i = 0; i < n; i++)
                    ends[digit_of(exponents + i * bytes, bytes, low, width) + 1]++;
                for (size_t d = 1; d <= size; d++)
                    ends[d] += ends[d - 1];
                for (size_t i = 0; i < n; i++)
                    item[ends[digit_of(exponents + i * bytes, bytes, low, width)]++] = row_at(pool, i);
                for (size_t d = 1; d < size; d++)
                    chains[count++] = (Chain){item + ends[d - 1], ends[d] - ends[d - 1], row_at(bucket, d)};
            }
            status = multiply_chains(job, chains, count);
            for (int k = widest - 1; k > 0; k--) {
                const size_t half = (size_t)1 << k;
                for (int w = start; w < end; w++) {
                    limb *bucket = row_at(buckets, (size_t)(w - start) * most);
                    for (size_t d = 1; d < half && k < narrow + (w < wider); d++) /* bucket 0 counts for nothing */
                        batch_add(&batch, row_at(bucket, d), row_at(bucket, d), row_at(bucket, half + d));
                }
                batch_finish(&batch);
            }
            count = 0;
            for (int w = start; w < end; w++) {
                const int width = narrow + (w < wider), low = w * narrow + (w < wider ? w : wider);
                const limb **item = items + (size_t)(w - start) * each;
                for (size_t d = 0; d < (size_t)1 << width; d++)
                    item[d] = row_at(buckets, (size_t)(w - start) * most + d);
                for (int k = 0; k < width; k++)
                    chains[count++] = (Chain){item + ((size_t)1 << k), (size_t)1 << k, row_at(slice, low + k)};
            }
            if (status == 0)
                status = multiply_chains(job, chains, count);
        }
    }
    if (status == 0) {
        restore(job, slice, counts, bits);
        /* Horner's scheme, for an eighth of the bits in each lane, then over the lanes. */
        const int share = bits / LANES;
        for (int k = share - 1; k >= 0; k--) {
            for (int i = 0; i < LANES; i++) {
                limb *x = row_at(part, i);
                if (k == share - 1)
                    copy_row(x, row_at(slice, i * share + k));
                else
                    batch_add(&batch, x, x, x);
            }
            batch_finish(&batch);
            for (int i = 0; k < share - 1 && i < LANES; i++)
                batch_add(&batch, row_at(part, i), row_at(part, i), row_at(slice, i * share + k));
            batch_finish(&batch);
        }
        limb *result = row_at(part, LANES - 1);
        for (int i = LANES - 2; i >= 0; i--) {
            for (int s = 0; s < share; s++)
                multiply_one(job, result, result, result);
            multiply_one(job, result, result, row_at(part, i));
        }
        multiply_one(job, result, result, job->engine->unit);
        write_number(job->engine, out, result);
        multiply_all(job, slice, job->engine->unit, bits);
        for (int k = 0; k < bits; k++)
            write_number(job->engine, slices + (size_t)k * BYTES, row_at(slice, k));
    }
    free(ends);
    free(chains);
    free(items);
    free(part);
    free(slice);
    free(buckets);
    free(pool);
    return status;
}

/* ---------------------------------------------------------------- the constants */

static void twice(const Engine *engine, limb *x)
{
    limb carry = 0;
    for (int j = 0; j < LIMBS; j++) {
        limb sum = 2 * x[j] + carry;
        x[j] = sum & MASK;
        carry = sum >> LIMB_BITS;
    }
    reduce(engine, x, x);
}

/* Whether p is one that the kernels can work with: 2^4095 < p, and -1 modulo 2^256. */
static int suitable(const unsigned char *p)
{
    for (int i = BYTES - 32; i < BYTES; i++)
        if (p[i] != 0xFF)
            return 0;
    return p[0] >> 7;
}

static void engine_init(Engine *engine, const unsigned char *p, Level level)
{
    limb next[LIMBS]; /* p + 1 */
    memset(engine, 0, sizeof *engine);
    engine->multiply = level.multiply;
    engine->square = level.square;
    engine->level = level.name;
    engine->unit[0] = 1;
    read_number(engine->p, p);
    limb carry = 1;
    for (int j = 0; j < LIMBS; j++) {
        limb sum = engine->p[j] + carry;
        next[j] = sum & MASK;
        carry = sum >> LIMB_BITS;
    }
    for (int j = 0; j < 75; j++) {
        engine->q52[j] = next[j + 4];
        engine->q26[8 + 2 * j] = next[j + 4] & ((1 << 26) - 1);
        engine->q26[8 + 2 * j + 1] = next[j + 4] >> 26;
    }
    /* R mod p: 2^4096 - p, doubled 64 times. R^2 mod p is 2^4160 in Montgomery form, and 4160 = 65 * 2^6. */
    limb borrow = 0;
    for (int j = 0; j < LIMBS; j++) {
        limb difference = (j == 78 ? UINT64_C(1) << 40 : 0) - engine->p[j] - borrow;
        borrow = difference >> 63;
        engine->one[j] = difference & MASK;
    }
    for (int i = 0; i < 64; i++)
        twice(engine, engine->one);
    copy_row(engine->r_squared, engine->one);
    for (int i = 0; i < 65; i++)
        twice(engine, engine->r_squared);
    Job job = {.engine = engine, .pause = UINT64_MAX};
    for (int i = 0; i < 6; i++)
        multiply_one(&job, engine->r_squared, engine->r_squared, engine->r_squared);
}

/* ---------------------------------------------------------------- Python objects */

typedef struct {
    PyTypeObject *modulus_type;
} State;

typedef struct {
    PyObject_HEAD
    Engine *engine;
    uint64_t multiplications, lanes; /* of all calls that have ended; changed only with the interpreter lock */
} Modulus;

typedef struct {
    PyObject_HEAD
    Modulus *modulus;
    limb *table;
} Comb;

/* The memory of `object`, `unit` bytes a piece; *count receives how many pieces. Returns -1 with an exception set if it won't do. */
static int get_buffer(PyObject *object, Py_buffer *view, const char *name, Py_ssize_t unit, size_t *count)
{
    if (PyObject_GetBuffer(object, view, PyBUF_SIMPLE) < 0)
        return -1;
    if (view->len % unit) {
        PyErr_Format(PyExc_ValueError, "%s: expected a multiple of %zd bytes, got %zd", name, unit, view->len);
        PyBuffer_Release(view);
        return -1;
    }
    *count = (size_t)(view->len / unit);
    if (*count > UINT32_MAX) {
        PyErr_Format(PyExc_ValueError, "%s: more than 2^32 - 1", name);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

/* Ends a call: takes the interpreter lock again and adds up. Returns -1 with an exception set if there is no result. */
static int job_end(Job *job, Modulus *modulus, int status)
{
    PyEval_RestoreThread(job->thread);
    modulus->multiplications += job->multiplications;
    modulus->lanes += job->lanes;
    if (job->stopped)
        return -1;
    if (status < 0)
        PyErr_NoMemory();
    return status;
}

static PyObject *new_bytes(size_t count, size_t unit)
{
    if (count > PY_SSIZE_T_MAX / 2 / unit) {
        PyErr_NoMemory();
        return NULL;
    }
    return PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * unit));
}

static unsigned char *memory_of(PyObject *bytes) { return (unsigned char *)PyBytes_AsString(bytes); }

PyDoc_STRVAR(modulus_doc,
"Modulus(p, level=None)\n--\n\n"
"Arithmetic modulo p, a number of 512 bytes, big-endian, with its highest bit and its lowest 256 bits set; ValueError for another.\n\n"
"For public values only: the running time depends on them. Every number is 512 bytes, big-endian, and may have any value; it stands for\n"
"itself mod p. Results are below p. Buffers are bytes, bytearray or anything else that is contiguous; nobody may write into them during\n"
"a call. `level` forces one of levels(), for tests; ValueError if there is none on this processor.\n\n"
"Calls let other threads run. In the main thread a long one stops for a signal whose handler raises, KeyboardInterrupt for instance. The\n"
"attributes `multiplications` and `lanes` count the work of all calls that have ended.");

static PyObject *modulus_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"p", "level", NULL};
    PyObject *p;
    const char *wanted = NULL;
    Py_buffer view;
    Level levels[2];
    size_t count;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|z:Modulus", names, &p, &wanted))
        return NULL;
    int found = available_levels(levels), chosen = 0;
    while (chosen < found && wanted && strcmp(wanted, levels[chosen].name))
        chosen++;
    if (chosen == found) {
        PyErr_Format(PyExc_ValueError, "this processor has no level %s", wanted ? wanted : "that is of use here");
        return NULL;
    }
    if (get_buffer(p, &view, "p", BYTES, &count) < 0)
        return NULL;
    if (count != 1 || !suitable(view.buf)) {
        PyErr_SetString(PyExc_ValueError, "p: expected 512 bytes, of which the highest bit and the lowest 256 bits are set");
        PyBuffer_Release(&view);
        return NULL;
    }
    Engine *engine = (Engine *)new_rows(sizeof(Engine) / (LIMBS * sizeof(limb)) + 1);
    Modulus *self = NULL;
    if (engine == NULL)
        PyErr_NoMemory();
    else {
        engine_init(engine, view.buf, levels[chosen]);
        self = (Modulus *)PyType_GenericAlloc(type, 0);
    }
    PyBuffer_Release(&view);
    if (self == NULL)
        free(engine);
    else
        self->engine = engine;
    return (PyObject *)self;
}

static void modulus_dealloc(Modulus *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    free(self->engine);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *modulus_level(Modulus *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(self->engine->level);
}

static PyObject *modulus_multiplications(Modulus *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(self->multiplications);
}

static PyObject *modulus_lanes(Modulus *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(self->lanes);
}

PyDoc_STRVAR(multiply_doc,
"multiply(numbers, pairs)\n--\n\n"
"The products numbers[a] * numbers[b] for each pair (a, b), in order: 512 bytes for each.\n\n"
"`pairs` holds two unsigned integers of 32 bits for each product, in the machine's byte order, as array('I') does. ValueError if an index\n"
"is too high. Two modular multiplications for each product; `product` takes one for each factor.");

static PyObject *modulus_multiply(Modulus *self, PyObject *args)
{
    PyObject *numbers_object, *pairs_object, *result = NULL;
    Py_buffer numbers, pairs;
    size_t n, count;
    if (!PyArg_ParseTuple(args, "OO:multiply", &numbers_object, &pairs_object))
        return NULL;
    if (get_buffer(numbers_object, &numbers, "numbers", BYTES, &n) < 0)
        return NULL;
    if (get_buffer(pairs_object, &pairs, "pairs", 2 * sizeof(uint32_t), &count) < 0) {
        PyBuffer_Release(&numbers);
        return NULL;
    }
    uint32_t *copy = new_array(count, 2 * sizeof(uint32_t)); /* checked and used: nobody else may change it in between */
    if (copy == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (count)
        memcpy(copy, pairs.buf, count * 2 * sizeof(uint32_t));
    for (size_t i = 0; i < 2 * count; i++)
        if (copy[i] >= n) {
            PyErr_Format(PyExc_ValueError, "pairs: %zu is not the index of one of %zu numbers", (size_t)copy[i], n);
            goto done;
        }
    result = new_bytes(count, BYTES);
    if (result == NULL)
        goto done;
    unsigned char *out = memory_of(result);
    Job job;
    job_start(&job, self->engine);
    if (job_end(&job, self, multiply_pairs(&job, out, numbers.buf, n, copy, count)) < 0)
        Py_CLEAR(result);
done:
    free(copy);
    PyBuffer_Release(&pairs);
    PyBuffer_Release(&numbers);
    return result;
}

PyDoc_STRVAR(product_doc,
"product(numbers, columns=1)\n--\n\n"
"The product of all numbers, 512 bytes; 1 if there are none.\n\n"
"With `columns`, the numbers are rows of so many, one behind the other, and the answer is one product for each column. ValueError if the\n"
"last row is incomplete. One modular multiplication for each number.");

static PyObject *modulus_product(Modulus *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"numbers", "columns", NULL};
    PyObject *numbers_object, *result = NULL;
    Py_buffer numbers;
    Py_ssize_t columns = 1;
    size_t n;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|n:product", names, &numbers_object, &columns))
        return NULL;
    if (columns < 1 || (size_t)columns > UINT32_MAX) {
        PyErr_Format(PyExc_ValueError, "columns: expected 1 to 2^32 - 1, got %zd", columns);
        return NULL;
    }
    if (get_buffer(numbers_object, &numbers, "numbers", BYTES, &n) < 0)
        return NULL;
    if (n % (size_t)columns) {
        PyErr_Format(PyExc_ValueError, "numbers: expected a multiple of %zd, got %zu", columns, n);
        goto done;
    }
    result = new_bytes((size_t)columns, BYTES);
    if (result == NULL)
        goto done;
    unsigned char *out = memory_of(result);
    Job job;
    job_start(&job, self->engine);
    if (job_end(&job, self, multiply_columns(&job, out, numbers.buf, n / (size_t)columns, (size_t)columns)) < 0)
        Py_CLEAR(result);
done:
    PyBuffer_Release(&numbers);
    return result;
}

PyDoc_STRVAR(shared_powers_doc,
"shared_powers(bases, exponents, counts=None)\n--\n\n"
"Powers of each base to exponents of its own, and which bases are of the order q = 2^256 - 189.\n\n"
"`exponents` are 32 bytes each, big-endian, below 2^256: first all those of the first base. Each base has equally many, or as many as\n"
"`counts` says, bytes or another sequence of integers, one for each base; ValueError if they don't fit. The answer is (powers, members):\n"
"the powers in the order of the exponents, 512 bytes each; and one byte for each base, 1 if base^q = 1 and 0 if not (so 1 for the\n"
"number 1, and 0 for 0; the number p + 1 is the number 1 here: check the range before). The squarings serve all exponents of a base and\n"
"the membership: 262 modular multiplications for a base, 74 or so for an exponent. Eight bases or more make good use of the lanes.");

/* Where each base's exponents begin, and after the last one their number; NULL with an exception set if `counts` doesn't fit. */
static size_t *firsts_of(PyObject *counts, size_t n, size_t total)
{
    size_t *firsts = new_array(n + 1, sizeof(size_t)), sum = 0;
    if (firsts == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (counts == Py_None && (n ? total % n : total)) {
        PyErr_Format(PyExc_ValueError, "exponents: expected equally many for each of %zu bases, got %zu", n, total);
        goto failed;
    }
    if (counts != Py_None) {
        const Py_ssize_t length = PySequence_Size(counts);
        if (length < 0)
            goto failed;
        if ((size_t)length != n) {
            PyErr_Format(PyExc_ValueError, "counts: expected one for each of %zu bases, got %zd", n, length);
            goto failed;
        }
    }
    for (size_t i = 0; i < n; i++) {
        long long count = counts == Py_None ? (long long)(total / n) : 0;
        if (counts != Py_None) {
            PyObject *item = PySequence_GetItem(counts, (Py_ssize_t)i);
            if (item == NULL)
                goto failed;
            count = PyLong_AsLongLong(item);
            Py_DECREF(item);
            if (count == -1 && PyErr_Occurred())
                goto failed;
        }
        if (count < 0 || (unsigned long long)count > total - sum) {
            PyErr_Format(PyExc_ValueError, "counts: they don't add up to %zu exponents", total);
            goto failed;
        }
        firsts[i] = sum;
        sum += (size_t)count;
    }
    firsts[n] = sum;
    if (sum == total)
        return firsts;
    PyErr_Format(PyExc_ValueError, "counts: they don't add up to %zu exponents", total);
failed:
    free(firsts);
    return NULL;
}

static PyObject *modulus_shared_powers(Modulus *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"bases", "exponents", "counts", NULL};
    PyObject *bases_object, *exponents_object, *counts = Py_None, *powers = NULL, *members = NULL, *result = NULL;
    Py_buffer bases, exponents;
    size_t n, count, *firsts;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OO|O:shared_powers", names, &bases_object, &exponents_object, &counts))
        return NULL;
    if (get_buffer(bases_object, &bases, "bases", BYTES, &n) < 0)
        return NULL;
    if (get_buffer(exponents_object, &exponents, "exponents", EXPONENT_BYTES, &count) < 0) {
        PyBuffer_Release(&bases);
        return NULL;
    }
    firsts = firsts_of(counts, n, count);
    if (firsts == NULL)
        goto done;
    powers = new_bytes(count, BYTES);
    members = new_bytes(n, 1);
    if (powers == NULL || members == NULL)
        goto done;
    unsigned char *out = memory_of(powers), *flags = memory_of(members);
    Job job;
    job_start(&job, self->engine);
    if (job_end(&job, self, shared_powers(&job, out, flags, bases.buf, n, exponents.buf, firsts)) == 0)
        result = PyTuple_Pack(2, powers, members);
done:
    free(firsts);
    Py_XDECREF(powers);
    Py_XDECREF(members);
    PyBuffer_Release(&exponents);
    PyBuffer_Release(&bases);
    return result;
}

PyDoc_STRVAR(multi_power_doc,
"multi_power(bases, exponents)\n--\n\n"
"The product of base^exponent over all bases, and the bit slices: for each bit k the product of the bases whose exponent has that bit.\n\n"
"`exponents` are 16 bytes each or 32 bytes each, big-endian, one for each base. The answer is (product, slices): 512 bytes; and\n"
"512 bytes for each bit, 128 or 256 of them, that of the lowest bit first. Without bases there are 128 slices, all of them 1.\n\n"
"Modular multiplications for a base of 16 bytes: 21 among 1,000 bases, 13 among 20,000, 10.4 among 130,000. Memory for a base: 700 bytes\n"
"or so, and at most 42 MB besides.");

static PyObject *modulus_multi_power(Modulus *self, PyObject *args)
{
    PyObject *bases_object, *exponents_object, *product = NULL, *slices = NULL, *result = NULL;
    Py_buffer bases, exponents;
    unsigned char *copy = NULL;
    size_t n, count;
    if (!PyArg_ParseTuple(args, "OO:multi_power", &bases_object, &exponents_object))
        return NULL;
    if (get_buffer(bases_object, &bases, "bases", BYTES, &n) < 0)
        return NULL;
    if (get_buffer(exponents_object, &exponents, "exponents", EXPONENT_BYTES / 2, &count) < 0) {
        PyBuffer_Release(&bases);
        return NULL;
    }
    if (count != n && count != 2 * n) {
        PyErr_Format(PyExc_ValueError, "exponents: expected 16 or 32 bytes for each of %zu bases, got %zd bytes", n, exponents.len);
        goto done;
    }
    const int bytes = count == n ? EXPONENT_BYTES / 2 : EXPONENT_BYTES;
    copy = new_array(count, EXPONENT_BYTES / 2); /* read several times, to sort by: nobody else may change it in between */
    if (copy == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (count)
        memcpy(copy, exponents.buf, count * (EXPONENT_BYTES / 2));
    product = new_bytes(1, BYTES);
    slices = new_bytes(8 * (size_t)bytes, BYTES);
    if (product == NULL || slices == NULL)
        goto done;
    unsigned char *out = memory_of(product), *out_slices = memory_of(slices);
    Job job;
    job_start(&job, self->engine);
    if (job_end(&job, self, multi_power(&job, out, out_slices, bases.buf, n, copy, bytes)) == 0)
        result = PyTuple_Pack(2, product, slices);
done:
    free(copy);
    Py_XDECREF(product);
    Py_XDECREF(slices);
    PyBuffer_Release(&exponents);
    PyBuffer_Release(&bases);
    return result;
}

PyDoc_STRVAR(kernel_doc,
"kernel(left, right, repeat=1)\n--\n\n"
"For tests and measurements: eight products left * right / 2^4160 mod p, not brought below p, `repeat` times in a row.\n\n"
"With None for `right` the squares of `left`, by the kernel for squares. Here a number is 80 limbs of 52 bits, the lowest first, each in\n"
"8 bytes of the machine's order: 640 bytes; values up to 2p.");

static PyObject *modulus_kernel(Modulus *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"left", "right", "repeat", NULL};
    PyObject *objects[2], *result = NULL;
    Py_buffer views[2];
    Py_ssize_t repeat = 1;
    size_t count;
    const size_t size = LIMBS * sizeof(limb);
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OO|n:kernel", names, &objects[0], &objects[1], &repeat))
        return NULL;
    const int sides = objects[1] == Py_None ? 1 : 2;
    limb *rows = new_rows(2 * LANES);
    if (rows == NULL)
        return PyErr_NoMemory();
    for (int side = 0; side < sides; side++) {
        if (get_buffer(objects[side], &views[side], side ? "right" : "left", (Py_ssize_t)(LANES * size), &count) < 0)
            goto done;
        if (count == 1)
            memcpy(row_at(rows, side * LANES), views[side].buf, LANES * size);
        PyBuffer_Release(&views[side]);
        if (count != 1) {
            PyErr_SetString(PyExc_ValueError, "kernel: expected eight numbers of 640 bytes on either side");
            goto done;
        }
    }
    for (size_t i = 0; i < (size_t)sides * LANES * LIMBS; i++)
        if (rows[i] > (i % LIMBS < 78 ? MASK : i % LIMBS == 78 ? UINT64_C(1) << 41 : 0)) {
            PyErr_SetString(PyExc_ValueError, "kernel: expected limbs below 2^52 and numbers up to 2p");
            goto done;
        }
    Job job;
    Batch batch;
    job_start(&job, self->engine);
    batch_start(&batch, &job);
    for (Py_ssize_t i = 0; i < repeat && !job.stopped; i++)
        for (size_t lane = 0; lane < LANES; lane++)
            batch_add(&batch, row_at(rows, lane), row_at(rows, lane), row_at(rows, sides == 1 ? lane : LANES + lane));
    batch_finish(&batch);
    if (job_end(&job, self, 0) == 0)
        result = PyBytes_FromStringAndSize((const char *)rows, (Py_ssize_t)(LANES * size));
done:
    free(rows);
    return result;
}

PyDoc_STRVAR(comb_doc,
"Comb(modulus, base)\n--\n\n"
"Powers of one base, 512 bytes, by a table of 5 MiB: 31 modular multiplications for an exponent below 2^256.");

static PyObject *comb_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"modulus", "base", NULL};
    PyObject *base;
    Modulus *modulus;
    Py_buffer view;
    size_t count;
    State *state = PyType_GetModuleState(type);
    if (state == NULL)
        return NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O:Comb", names, state->modulus_type, &modulus, &base))
        return NULL;
    if (get_buffer(base, &view, "base", BYTES, &count) < 0)
        return NULL;
    if (count != 1) {
        PyErr_Format(PyExc_ValueError, "base: expected 512 bytes, got %zd", view.len);
        PyBuffer_Release(&view);
        return NULL;
    }
    Comb *self = NULL;
    limb *table = new_rows(256 * EXPONENT_BYTES);
    if (table == NULL)
        PyErr_NoMemory();
    else {
        Job job;
        job_start(&job, modulus->engine);
        if (job_end(&job, modulus, build_comb(&job, table, view.buf)) == 0)
            self = (Comb *)PyType_GenericAlloc(type, 0);
    }
    PyBuffer_Release(&view);
    if (self == NULL) {
        free(table);
        return NULL;
    }
    Py_INCREF((PyObject *)modulus);
    self->modulus = modulus;
    self->table = table;
    return (PyObject *)self;
}

static void comb_dealloc(Comb *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    free(self->table);
    Py_XDECREF((PyObject *)self->modulus);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(powers_doc,
"powers(exponents)\n--\n\n"
"base^exponent for each exponent, in order: 32 bytes each in, big-endian, below 2^256; 512 bytes each out.");

static PyObject *comb_powers_method(Comb *self, PyObject *exponents_object)
{
    Py_buffer exponents;
    size_t n;
    if (get_buffer(exponents_object, &exponents, "exponents", EXPONENT_BYTES, &n) < 0)
        return NULL;
    PyObject *result = new_bytes(n, BYTES);
    if (result) {
        unsigned char *out = memory_of(result);
        Job job;
        job_start(&job, self->modulus->engine);
        if (job_end(&job, self->modulus, comb_powers(&job, self->table, out, exponents.buf, n)) < 0)
            Py_CLEAR(result);
    }
    PyBuffer_Release(&exponents);
    return result;
}

PyDoc_STRVAR(levels_doc,
"levels()\n--\n\n"
"The names of the kernels that this processor can run, best first: of \"avx512ifma\" and \"avx2\". Empty where there is none.");

static PyObject *montgomery_levels(PyObject *module, PyObject *unused)
{
    Level levels[2];
    int count = available_levels(levels);
    (void)module;
    (void)unused;
    PyObject *result = PyTuple_New(count);
    for (int i = 0; result && i < count; i++) {
        PyObject *name = PyUnicode_FromString(levels[i].name);
        if (name == NULL || PyTuple_SetItem(result, i, name) < 0)
            Py_CLEAR(result);
    }
    return result;
}

static PyMethodDef modulus_methods[] = {
    {"multiply", (PyCFunction)modulus_multiply, METH_VARARGS, multiply_doc},
    {"product", (PyCFunction)(void (*)(void))modulus_product, METH_VARARGS | METH_KEYWORDS, product_doc},
    {"shared_powers", (PyCFunction)(void (*)(void))modulus_shared_powers, METH_VARARGS | METH_KEYWORDS, shared_powers_doc},
    {"multi_power", (PyCFunction)modulus_multi_power, METH_VARARGS, multi_power_doc},
    {"kernel", (PyCFunction)(void (*)(void))modulus_kernel, METH_VARARGS | METH_KEYWORDS, kernel_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef modulus_attributes[] = {
    {"level", (getter)modulus_level, NULL, "Which kernel is in use.", NULL},
    {"multiplications", (getter)modulus_multiplications, NULL,
     "How many modular multiplications, squarings included, all calls that have ended have made, those on its Combs included.", NULL},
    {"lanes", (getter)modulus_lanes, NULL, "The same with padding: kernels always multiply eight pairs at a time.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot modulus_slots[] = {
    {Py_tp_doc, (void *)modulus_doc},
    {Py_tp_new, modulus_new},
    {Py_tp_dealloc, modulus_dealloc},
    {Py_tp_methods, modulus_methods},
    {Py_tp_getset, modulus_attributes},
    {0, NULL},
};

static PyType_Spec modulus_spec = {"montgomery.Modulus", sizeof(Modulus), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, modulus_slots};

static PyMethodDef comb_methods[] = {
    {"powers", (PyCFunction)comb_powers_method, METH_O, powers_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot comb_slots[] = {
    {Py_tp_doc, (void *)comb_doc},
    {Py_tp_new, comb_new},
    {Py_tp_dealloc, comb_dealloc},
    {Py_tp_methods, comb_methods},
    {0, NULL},
};

static PyType_Spec comb_spec = {"montgomery.Comb", sizeof(Comb), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, comb_slots};

static PyMethodDef montgomery_methods[] = {
    {"levels", montgomery_levels, METH_NOARGS, levels_doc},
    {NULL, NULL, 0, NULL},
};

static int montgomery_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    state->modulus_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &modulus_spec, NULL);
    if (state->modulus_type == NULL || PyModule_AddType(module, state->modulus_type) < 0)
        return -1;
    PyTypeObject *comb_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &comb_spec, NULL);
    if (comb_type == NULL)
        return -1;
    int status = PyModule_AddType(module, comb_type);
    Py_DECREF(comb_type);
    if (status < 0)
        return -1;
#if defined(__SANITIZE_ADDRESS__)
    return PyModule_AddIntConstant(module, "SANITIZED", 1);
#else
    return PyModule_AddIntConstant(module, "SANITIZED", 0);
#endif
}

static int montgomery_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->modulus_type);
    return 0;
}

static int montgomery_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->modulus_type);
    return 0;
}

static void montgomery_free(void *module) { montgomery_clear(module); }

static PyModuleDef_Slot montgomery_slots[] = {
    {Py_mod_exec, montgomery_exec},
    {0, NULL},
};

static PyModuleDef montgomery_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "montgomery",
    .m_doc = "Arithmetic modulo a 4096-bit p with p = -1 mod 2^256, many numbers at a time, for public values.",
    .m_size = sizeof(State),
    .m_methods = montgomery_methods,
    .m_slots = montgomery_slots,
    .m_traverse = montgomery_traverse,
    .m_clear = montgomery_clear,
    .m_free = montgomery_free,
};

PyMODINIT_FUNC PyInit_montgomery(void)
{
    return PyModuleDef_Init(&montgomery_module);
}
