/* Log-determinants of the covariances that BIC compares, one cluster a SIMD lane. */
#ifndef TRFAST_BIC_SIMD_H
#define TRFAST_BIC_SIMD_H

/* Clusters whose moments lie side by side. */
enum { TRFAST_BIC_BLOCK = 8 };

#define TRFAST_LOOPS "_bic_lanes.h"
#include "_instruction_sets.h"

#endif
