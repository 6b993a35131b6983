package dev.zmalloc.trace;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * What others would make of a trace, as lines to compare with. These are models of a cache that is limited by the bytes
 * of its values alone: keys, table and what the allocator rounds up take nothing of the limit, as they do in a store.
 */
public enum Reference {
    /** Caffeine's W-TinyLFU, bounded by weight, with its maintenance done by the thread that makes the requests. */
    CAFFEINE("caffeine"),

    /**
     * The optimum of someone who knows the future. Where all values have one size, L. A. Belady's: what is needed last,
     * or never, goes, or is not let in; no policy has more hits. With sizes there is no such rule that could be
     * computed, and this is a good heuristic and no bound: of 128 sampled values, the one goes whose size times
     * distance to its next use is largest.
     */
    OPTIMUM("optimum");

    private static final int SAMPLES = 128;
    private static final int NEVER = Integer.MAX_VALUE;

    private final String title;

    Reference(String title) {
        this.title = title;
    }

    /** The name in tables. */
    @Override
    public String toString() {
        return title;
    }

    /**
     * Runs the model.
     *
     * @param history the trace's requests; every key has the size that it had last
     * @param maxBytes the limit on the bytes of all values
     * @param listener told of requests; if it says no, the run ends early
     */
    public ReplayResult run(TraceSummary.History history, long maxBytes, StepListener listener) {
        long begin = System.nanoTime();
        Model model = this == CAFFEINE
                ? new CaffeineModel(history, maxBytes)
                : isUnitSize(history) ? new BeladyModel(history, maxBytes) : new SizedModel(history, maxBytes);
        int[] keys = history.keys();
        long hits = 0;
        long requestedBytes = 0;
        long hitBytes = 0;
        int requests = 0;
        boolean proceed = true;
        while (proceed && requests < keys.length) {
            int bytes = history.sizes()[keys[requests]];
            requestedBytes += bytes;
            if (model.serve(requests, keys[requests], bytes)) {
                hits++;
                hitBytes += bytes;
            }
            requests++;
            proceed = requests % StepListener.STEP != 0 || listener.proceed(requests);
        }
        long nanos = System.nanoTime() - begin;
        return ReplayResult.reference(title, maxBytes, requests, hits, requestedBytes, hitBytes, nanos);
    }

    private static boolean isUnitSize(TraceSummary.History history) {
        return Arrays.stream(history.sizes()).distinct().count() <= 1;
    }

    /** A cache of numbered keys. */
    private interface Model {
        /** Makes one request. Returns whether the key was there. */
        boolean serve(int request, int key, int bytes);
    }

    private static final class CaffeineModel implements Model {
        private final Cache<Integer, Integer> cache;

        CaffeineModel(TraceSummary.History history, long maxBytes) {
            Caffeine<Object, Object> builder = Caffeine.newBuilder().executor(Runnable::run);
            int unit = history.sizes()[0];
            cache = isUnitSize(history) && unit > 0
                    ? builder.maximumSize(maxBytes / unit).build()
                    : builder.maximumWeight(maxBytes)
                            .weigher((Integer key, Integer bytes) -> bytes)
                            .build();
        }

        @Override
        public boolean serve(int request, int key, int bytes) {
            if (cache.getIfPresent(key) != null) {
                return true;
            }
            cache.put(key, bytes);
            return false;
        }
    }

    /** What both optima share: when each request's key comes next. */
    private abstract static class ClairvoyantModel implements Model {
        final int[] nextUses;
        final int[] sizes;
        final long maxBytes;
        long usedBytes;

        ClairvoyantModel(TraceSummary.History history, long maxBytes) {
            this.maxBytes = maxBytes;
            sizes = history.sizes();
            nextUses = new int[history.keys().length];
            int[] last = new int[sizes.length];
            Arrays.fill(last, NEVER);
            for (int request = nextUses.length - 1; request >= 0; request--) {
                int key = history.keys()[request];
                nextUses[request] = last[key];
                last[key] = request;
            }
        }
    }

    /** Holds the requests at which something that is there is needed next; the latest of them is the victim. */
    private static final class BeladyModel extends ClairvoyantModel {
        private final TreeSet<Integer> needed = new TreeSet<>();
        private final long capacity;

        BeladyModel(TraceSummary.History history, long maxBytes) {
            super(history, maxBytes);
            capacity = maxBytes / Math.max(1, sizes[0]);
        }

        @Override
        public boolean serve(int request, int key, int bytes) {
            boolean hit = needed.remove(request);
            int next = nextUses[request];
            // What is never needed again takes no room, nor does what is needed later than all that is there.
            if (next != NEVER && capacity > 0) {
                needed.add(next);
                if (needed.size() > capacity) {
                    needed.pollLast();
                }
            }
            return hit;
        }
    }

    /** Samples those that are there, kept in an array without order. */
    private static final class SizedModel extends ClairvoyantModel {
        private static final int ABSENT = -1;

        private final SplittableRandom random = new SplittableRandom(1);
        private final int[] held;
        private final int[] places;
        private final int[] nextUseOfKey;
        private int count;

        SizedModel(TraceSummary.History history, long maxBytes) {
            super(history, maxBytes);
            held = new int[sizes.length];
            places = new int[sizes.length];
            nextUseOfKey = new int[sizes.length];
            Arrays.fill(places, ABSENT);
        }

        @Override
        public boolean serve(int request, int key, int bytes) {
            boolean hit = places[key] != ABSENT;
            nextUseOfKey[key] = nextUses[request];
            if (nextUses[request] == NEVER) {
                if (hit) {
                    remove(key);
                }
            } else if (!hit && bytes <= maxBytes) {
                places[key] = count;
                held[count++] = key;
                usedBytes += bytes;
                while (usedBytes > maxBytes) {
                    remove(victim(request));
                }
            }
            return hit;
        }

        private int victim(int now) {
            int best = held[random.nextInt(count)];
            int samples = Math.min(SAMPLES, count);
            for (int sample = 0; sample < samples; sample++) {
                int key = count <= SAMPLES ? held[sample] : held[random.nextInt(count)];
                best = cost(key, now) > cost(best, now) ? key : best;
            }
            return best;
        }

        private double cost(int key, int now) {
            return (double) (nextUseOfKey[key] - now) * sizes[key];
        }

        private void remove(int key) {
            int last = held[--count];
            held[places[key]] = last;
            places[last] = places[key];
            places[key] = ABSENT;
            usedBytes -= sizes[key];
        }
    }
}
