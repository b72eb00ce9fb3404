/* What bench_native.py measures the kernels against: this processor's clock, its rate of multiply-add instructions, and GMP in a C loop.
 * Compiled for the occasion; no part of the distribution. */

#include <stdint.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds for a cycle: additions that each wait for the one before take a cycle each. */
double cycle(long n)
{
    uint64_t x = 0;
    double start = now();
    for (long i = 0; i < n; i++)
        __asm__ volatile("add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0" : "+r"(x));
    return (now() - start) / (double)n / 8;
}

/* Seconds for an instruction when twelve do not depend on each other: as often as the processor can start one. */
#define TWELVE(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11)
#define MADD(r) "vpmadd52luq %%zmm31, %%zmm30, %%zmm" #r "\n"
#define MUL(r) "vpmuludq %%ymm15, %%ymm14, %%ymm" #r "\n"
#define CLOBBERED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11"

__attribute__((target("avx512f,avx512ifma"))) double ifma_instruction(long n)
{
    double start = now();
    for (long i = 0; i < n; i++)
        __asm__ volatile(TWELVE(MADD) : : : CLOBBERED);
    return (now() - start) / (double)n / 12;
}

__attribute__((target("avx2"))) double avx2_instruction(long n)
{
    double start = now();
    for (long i = 0; i < n; i++)
        __asm__ volatile(TWELVE(MUL) : : : CLOBBERED);
    return (now() - start) / (double)n / 12;
}

/* Seconds for x = x * y / 2^4096 mod p with GMP's own mpn_mul_n, mpn_redc_1 and mpn_sub_n, 64 limbs; -1/p = 1 mod 2^64. */
double gmp_modmul(void (*mul_n)(uint64_t *, const uint64_t *, const uint64_t *, long),
                  uint64_t (*redc_1)(uint64_t *, uint64_t *, const uint64_t *, long, uint64_t),
                  uint64_t (*sub_n)(uint64_t *, const uint64_t *, const uint64_t *, long),
                  uint64_t *x, const uint64_t *y, const uint64_t *p, long n)
{
    uint64_t product[128];
    double start = now();
    for (long i = 0; i < n; i++) {
        mul_n(product, x, y, 64);
        if (redc_1(x, product, p, 64, 1))
            sub_n(x, x, p, 64);
    }
    return (now() - start) / (double)n;
}
