package dev.zmalloc.cli;

import java.util.random.RandomGenerator;

/**
 * Draws ranks 1 to {@code items}, where rank k comes with a probability proportional to {@code k^-exponent}: exactly
 * that, in constant time and without a table. Immutable; the randomness is the caller's.
 */
final class ZipfSampler {
    /*
     * Rejection-inversion for monotone discrete distributions, after W. Hörmann and G. Derflinger, "Rejection-inversion
     * to generate variates from monotone discrete distributions", ACM TOMACS 6(3), 1996.
     *
     * The histogram of the weights h(k) = k^-s is covered by the area under the continuous h(x). Its integral H and the
     * inverse of H have closed forms, so a uniform point u of that area gives x = Hinv(u), and k is x rounded. Since h
     * is convex, the area over [k - 1/2, k + 1/2] is at least h(k); the surplus is rejected: k is accepted when u lies
     * in the last h(k) of its interval, that is when u >= H(k + 1/2) - h(k). For k = 1 the area is cut off at exactly
     * h(1), so that rank 1 is never rejected. The first test spares most of the evaluations of H: when k - x is at most
     * the shortcut, the second test would accept too, for every k >= 2.
     *
     * H(x) = (x^(1-s) - 1) / (1-s), which is log x for s = 1. Written with expm1 and log1p it loses no digits near s =
     * 1.
     */
    private static final double NEAR_ZERO = 1e-8;

    private final int items;
    private final double exponent;
    private final double areaBegin;
    private final double areaEnd;
    private final double shortcut;

    /** Creates a sampler of at least 1 item, by an exponent from 0, which draws every rank alike; refuses others. */
    ZipfSampler(int items, double exponent) {
        if (items < 1 || !(exponent >= 0) || Double.isInfinite(exponent)) {
            throw new IllegalArgumentException("items=" + items + " exponent=" + exponent);
        }
        this.items = items;
        this.exponent = exponent;
        this.areaBegin = integral(1.5) - weight(1);
        this.areaEnd = integral(items + 0.5);
        this.shortcut = 2 - inverseIntegral(integral(2.5) - weight(2));
    }

    /** Returns a rank from 1 to {@code items}. */
    int sample(RandomGenerator random) {
        while (true) {
            double u = areaEnd + random.nextDouble() * (areaBegin - areaEnd);
            double x = inverseIntegral(u);
            // Rounding errors at the ends could give 0 or items + 1.
            int rank = Math.clamp(Math.round(x), 1, items);
            if (rank - x <= shortcut || u >= integral(rank + 0.5) - weight(rank)) {
                return rank;
            }
        }
    }

    private double weight(double x) {
        return Math.exp(-exponent * Math.log(x));
    }

    private double integral(double x) {
        double logX = Math.log(x);
        return logX * expm1Ratio((1 - exponent) * logX);
    }

    private double inverseIntegral(double y) {
        // At the far end of the area, rounding can take the argument of log1p below -1.
        double t = Math.max(y * (1 - exponent), -1);
        return Math.exp(y * log1pRatio(t));
    }

    /** Returns (e^t - 1) / t, which tends to 1 + t/2 at 0. */
    private static double expm1Ratio(double t) {
        return Math.abs(t) > NEAR_ZERO ? Math.expm1(t) / t : 1 + t / 2;
    }

    /** Returns log(1 + t) / t, which tends to 1 - t/2 at 0. */
    private static double log1pRatio(double t) {
        return Math.abs(t) > NEAR_ZERO ? Math.log1p(t) / t : 1 - t / 2;
    }
}
