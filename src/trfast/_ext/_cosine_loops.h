/* The loops of _cosine_bound.h. */

/* What the kernel calls. */
#define trfast_dot_f32 TRFAST_CHOSEN(trfast_dot_f32)
#define trfast_dot_f64 TRFAST_CHOSEN(trfast_dot_f64)
#define trfast_any_reaches TRFAST_CHOSEN(trfast_any_reaches)

/* Dot product in double, whatever the type. */
TARGET
static double SET(trfast_dot_f32)(const float *a, const float *b, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

TARGET
static double SET(trfast_dot_f64)(const double *a, const double *b, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) sum += a[i] * b[i];
    return sum;
}

/* Whether any value reaches the least, without a branch a value. */
TARGET
static int SET(trfast_any_reaches)(const float *values, int n, float least) {
    int found = 0;
    for (int i = 0; i < n; i++) found |= values[i] >= least;
    return found;
}
