/* The kernel of _mel_simd.h for LANES frames at a time. With one lane, vectors are plain floats and
 * the same lines compile anywhere. */

/* What the kernel calls. */
#define trfast_mel_frames TRFAST_CHOSEN(trfast_mel_frames)

#define lanes SET(lanes)
#define lanes_int SET(lanes_int)
#define complex_lanes SET(complex_lanes)

#if VECTOR_BYTES
#define LANES (VECTOR_BYTES / 4)
typedef float lanes __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t lanes_int __attribute__((vector_size(VECTOR_BYTES)));
#define TO_FLOAT(x) __builtin_convertvector(x, lanes)
#define EITHER(x, a, b) ((lanes)(((lanes_int)(a) & (x)) | ((lanes_int)(b) & ~(x))))
#define LANE(x, l) (x)[l]
#define INLINE static inline __attribute__((always_inline)) TARGET
#else
#define LANES 1
typedef float lanes;
typedef int32_t lanes_int;
#define TO_FLOAT(x) ((float)(x))
#define EITHER(x, a, b) ((x) ? (a) : (b))
#define LANE(x, l) (x)
#define INLINE static inline
#endif

/* The first, the second halves of a and b, one of a and one of b in turn. */
#ifdef __clang__
#define SHUFFLED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLED(a, b, ...) __builtin_shuffle(a, b, (lanes_int){__VA_ARGS__})
#endif
#if LANES == 16
#define FIRST(a, b) SHUFFLED(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define SECOND(a, b) SHUFFLED(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif LANES == 8
#define FIRST(a, b) SHUFFLED(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define SECOND(a, b) SHUFFLED(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif LANES == 4
#define FIRST(a, b) SHUFFLED(a, b, 0, 4, 1, 5)
#define SECOND(a, b) SHUFFLED(a, b, 2, 6, 3, 7)
#else
#define FIRST(a, b) (a)
#define SECOND(a, b) (b)
#endif

typedef struct {
    lanes re, im;
} complex_lanes;

INLINE lanes SET(broadcast)(float x) {
    const lanes zero = {0};
    return zero + x;
}

/* ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)), x = m 2^e, m in [sqrt(1/2), sqrt(2)):
 * the series stops where float32 no longer sees its terms. x must be normal and positive. */
INLINE lanes SET(natural_log)(lanes x) {
    lanes_int bits;
    memcpy(&bits, &x, sizeof bits);
    const lanes_int e = (bits - 0x3f3504f3) >> 23;
    bits -= e * (1 << 23);
    lanes m;
    memcpy(&m, &bits, sizeof m);
    const lanes s = (m - 1.0f) / (m + 1.0f), s2 = s * s;
    const lanes series =
        1.0f + s2 * (1.0f / 3 + s2 * (1.0f / 5 + s2 * (1.0f / 7 + s2 * (1.0f / 9))));
    return TO_FLOAT(e) * 0.69314718056f + 2.0f * s * series;
}

/* OUT to[j * stride + i] = from[i * step + j], i and j below LANES. */
INLINE void SET(turn_block)(const float *from, int step, float *to, int stride) {
    lanes a[LANES], b[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; ++i) memcpy(a + i, from + (ptrdiff_t)i * step, sizeof *a);
#pragma GCC unroll 4
    for (int done = 1; done < LANES; done *= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < LANES / 2; ++i) {
            b[2 * i] = FIRST(a[i], a[i + LANES / 2]);
            b[2 * i + 1] = SECOND(a[i], a[i + LANES / 2]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < LANES; ++i) a[i] = b[i];
    }
#pragma GCC unroll 16
    for (int i = 0; i < LANES; ++i) memcpy(to + (ptrdiff_t)i * stride, a + i, sizeof *a);
}

/* OUT to (n, stride): transpose of IN from (rows, step), of which n columns are taken. */
TARGET
static void SET(transpose)(const float *from, int rows, int step, int n, float *to, int stride) {
    int i = 0;
    for (; i + LANES <= rows; i += LANES) {
        int j = 0;
        for (; j + LANES <= n; j += LANES)
            SET(turn_block)(from + (ptrdiff_t)i * step + j, step, to + (ptrdiff_t)j * stride + i,
                            stride);
        for (; j < n; ++j)
            for (int k = i; k < i + LANES; ++k) to[j * stride + k] = from[k * step + j];
    }
    for (; i < rows; ++i)
        for (int j = 0; j < n; ++j) to[j * stride + i] = from[i * step + j];
}

INLINE complex_lanes SET(turned)(lanes re, lanes im, const float *w) {
    const complex_lanes y = {re * w[0] - im * w[1], re * w[1] + im * w[0]};
    return y;
}

/* In-place FFT of n rows by decimation in frequency: radix 4, a last radix 2 where n is not
 * a power of 4. Bin k ends in row plan->order[k]. */
INLINE void SET(fft)(const trfast_mel_plan *plan, complex_lanes *z, int n) {
    int size = n;
    for (; size >= 4; size /= 4) {
        const int quarter = size / 4, step = 2 * (plan->n_fft / size);
        for (int j = 0; j < quarter; ++j) {
            const float *w = plan->twiddles + j * step;
            for (complex_lanes *a = z + j; a < z + n; a += size) {
                complex_lanes *b = a + quarter, *c = b + quarter, *d = c + quarter;
                const lanes ac_re = a->re + c->re, ac_im = a->im + c->im;
                const lanes ca_re = a->re - c->re, ca_im = a->im - c->im;
                const lanes bd_re = b->re + d->re, bd_im = b->im + d->im;
                const lanes db_re = b->re - d->re, db_im = b->im - d->im;
                a->re = ac_re + bd_re;
                a->im = ac_im + bd_im;
                *b = SET(turned)(ca_re + db_im, ca_im - db_re, w);
                *c = SET(turned)(ac_re - bd_re, ac_im - bd_im, w + j * step);
                *d = SET(turned)(ca_re - db_im, ca_im + db_re, w + 2 * j * step);
            }
        }
    }
    for (complex_lanes *a = z; size == 2 && a < z + n; a += 2) {
        const complex_lanes b = a[1];
        a[1].re = a->re - b.re;
        a[1].im = a->im - b.im;
        a->re += b.re;
        a->im += b.im;
    }
}

/* OUT power (n_fft / 2 + 1,): spectrum of the real signal whose even samples were the real and
 * whose odd samples the imaginary parts of z before the FFT. Even and odd parts come out
 * doubled, which the halved taper makes good. */
INLINE void SET(power_spectrum)(const trfast_mel_plan *plan, const complex_lanes *z,
                                lanes *power) {
    const int half = plan->n_fft / 2;
    const lanes sum = 2.0f * (z->re + z->im), difference = 2.0f * (z->re - z->im);
    power[0] = sum * sum;
    power[half] = difference * difference;
    for (int k = 1; k <= half / 2; ++k) {
        const complex_lanes a = z[plan->order[k]], b = z[plan->order[half - k]];
        const lanes even_re = a.re + b.re, even_im = a.im - b.im;
        const complex_lanes odd =
            SET(turned)(a.im + b.im, b.re - a.re, plan->twiddles + 2 * k);
        const lanes sum_re = even_re + odd.re, sum_im = even_im + odd.im;
        const lanes dif_re = even_re - odd.re, dif_im = even_im - odd.im;
        power[k] = sum_re * sum_re + sum_im * sum_im;
        power[half - k] = dif_re * dif_re + dif_im * dif_im;
    }
}

/* Sum of the samples of each frame, which lie in `columns` as below. */
INLINE lanes SET(sum)(const trfast_mel_plan *plan, const float *columns, int stride) {
    lanes sum = SET(broadcast)(0.0f), other = sum, now;
    for (int row = 0; row < plan->hop; ++row) {
        const float *from = columns + row * stride;
        for (int n = row; n < plan->window; n += plan->hop, ++from) {
            memcpy(&now, from, sizeof now);
            now += other; /* two sums in turn: an addition need not wait for the one before */
            other = sum;
            sum = now;
        }
    }
    return sum + other;
}

/* OUT x (window,): pre-emphasized, tapered samples; returns the energy before the taper. The
 * first sample of a frame is its own predecessor. Lane l of sample n stands in `columns` at
 * row n % hop, column n / hop + l: what frames share is transposed once. */
INLINE lanes SET(windowed)(const trfast_mel_plan *plan, const float *columns, int stride,
                           lanes *x) {
    lanes energy = SET(broadcast)(plan->energy_floor), mean = SET(broadcast)(0.0f), before;
    if (plan->mean_weight != 0) mean = plan->mean_weight * SET(sum)(plan, columns, stride);
    memcpy(&before, columns, sizeof before);
    for (int n = 0, column = 0; n < plan->window; ++column) {
        for (int row = 0; row < plan->hop && n < plan->window; ++row, ++n) {
            lanes now;
            memcpy(&now, columns + row * stride + column, sizeof now);
            const lanes y = now - plan->pre_emphasis * before;
            energy += y * y;
            x[n] = plan->taper[n] * (y - mean);
            before = now;
        }
    }
    return energy;
}

/* OUT out (n_frames, 1 + n_cepstra): log-energy and cepstra of IN samples, of which there are
 * (n_frames - 1) * hop + window; without cepstra (n_frames, n_mels): the logarithms of the
 * filters' outputs. Returns 0 if a frame's energy is 1e30 or more, or NaN. */
TARGET
static int SET(trfast_mel_frames)(const trfast_mel_plan *plan, const float *samples,
                                   int64_t n_frames, void *workspace, float *out) {
    const int hop = plan->hop, stride = LANES + (plan->window - 1) / hop;
    const int width = plan->n_cepstra ? 1 + plan->n_cepstra : plan->n_mels;
    const lanes least = SET(broadcast)(plan->mel_least);
    lanes *x = (lanes *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63);
    lanes *power = x + plan->n_fft, *mel = power + plan->n_fft / 2 + 1;
    float *columns = (float *)(mel + plan->n_mels);
    int plausible = 1;

    for (int64_t done = 0; done < n_frames; done += LANES, out += (int64_t)LANES * width) {
        const int count = n_frames - done < LANES ? (int)(n_frames - done) : LANES;
        const int n_samples = (count - 1) * hop + plan->window;
        const float *from = samples + done * hop;
        const int whole = n_samples / hop;
        SET(transpose)(from, whole, hop, hop, columns, stride);
        SET(transpose)(from + whole * hop, 1, hop, n_samples % hop, columns + whole, stride);

        const lanes energy = SET(windowed)(plan, columns, stride, x);
        lanes_int bits;
        memcpy(&bits, &energy, sizeof bits);
        for (int l = 0; l < count; ++l)
            plausible &= (uint32_t)LANE(bits, l) < 0x7149f2cau; /* 1e30f; NaN lies above */

        memset(x + plan->window, 0, sizeof(lanes) * (size_t)(plan->n_fft - plan->window));
        SET(fft)(plan, (complex_lanes *)x, plan->n_fft / 2);
        SET(power_spectrum)(plan, (const complex_lanes *)x, power);

        const float *weight = plan->mel_weights;
        for (int m = 0; m < plan->n_mels; ++m) {
            lanes sum = SET(broadcast)(plan->mel_floor[m]);
            for (int k = plan->mel_bounds[2 * m]; k < plan->mel_bounds[2 * m + 1]; ++k)
                sum += *weight++ * power[k];
            mel[m] = SET(natural_log)(EITHER(sum > least, sum, least));
        }

        if (!plan->n_cepstra) {
            SET(transpose)((const float *)mel, width, LANES, count, out, width);
            continue;
        }
        const lanes log_energy = SET(natural_log)(energy);
        for (int l = 0; l < count; ++l) out[l * width] = LANE(log_energy, l);
        const float *cosine = plan->dct;
        for (int c = 1; c <= plan->n_cepstra; ++c) {
            lanes cepstrum = SET(broadcast)(0.0f);
            for (int m = 0; m < plan->n_mels; ++m) cepstrum += *cosine++ * mel[m];
            for (int l = 0; l < count; ++l) out[l * width + c] = LANE(cepstrum, l);
        }
    }
    return plausible;
}

#undef LANES
#undef lanes
#undef lanes_int
#undef complex_lanes
#undef TO_FLOAT
#undef EITHER
#undef SHUFFLED
#undef FIRST
#undef SECOND
#undef LANE
#undef INLINE
