package dev.zmalloc.bench.eviction;

import dev.zmalloc.ProcessMemory;
import dev.zmalloc.bench.peers.KeyStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/**
 * One cache under one limit, in a JVM of its own whose heap was touched whole at the start: what it comes to hold, in
 * which memory, and how often it hits.
 *
 * <p>So whatever the resident set grows by is memory outside the heap; what the cache keeps on the heap is what is live
 * after collections, without the room that a collector needs around it. Both count from before the cache was opened.
 *
 * <p>Keys are asked for in a Zipf order; on a miss a value is put whose size, 50 to 500 bytes, follows from the key.
 * Hits count in the second half.
 */
final class ResidentRun {
    private static final double SKEW = 0.99;
    private static final int LEAST_VALUE_BYTES = 50;
    private static final int MOST_VALUE_BYTES = 500;
    private static final int WARM_UP_REQUESTS = 400_000;
    private static final int COLLECTIONS = 3;
    private static final long SETTLING_MILLIS = 100;

    private ResidentRun() {}

    /**
     * What was found.
     *
     * @param entries at the end
     * @param residentBytes growth of the resident set and of what is live on the heap
     * @param hitRatio in the second half
     */
    record Found(long entries, long residentBytes, double hitRatio) {
        private static final String MARK = "found ";

        String line() {
            return MARK + entries + " " + residentBytes + " " + hitRatio;
        }

        /** Reads what {@link #main} has printed; other lines are the cache's. */
        static Found parse(String output) {
            String[] words = output.lines()
                    .filter(line -> line.startsWith(MARK))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("nothing found in: " + output))
                    .split(" ");
            return new Found(Long.parseLong(words[1]), Long.parseLong(words[2]), Double.parseDouble(words[3]));
        }
    }

    /** Takes the cache's name, its limit, how many keys there are, how many requests, and a seed. */
    public static void main(String[] arguments) throws InterruptedException {
        ResidentCache cache = ResidentCache.valueOf(arguments[0]);
        long limit = Long.parseLong(arguments[1]);
        int keys = Integer.parseInt(arguments[2]);
        int[] order = KeyStream.zipf(keys, SKEW, Integer.parseInt(arguments[3]), Long.parseLong(arguments[4]));
        // A small one, dropped again, has all classes loaded and the hot ones compiled.
        serve(cache.open(cache.limitFor(8L << 20)), order, 0, Math.min(WARM_UP_REQUESTS, order.length));
        long before = memory();
        ResidentCache.Open open = cache.open(limit);
        int half = order.length / 2;
        serve(open, order, 0, half);
        int hits = serve(open, order, half, order.length);
        long after = memory();
        System.out.println(new Found(open.size(), after - before, (double) hits / (order.length - half)).line());
        // Caches leave threads behind that keep a JVM from ending.
        System.exit(0);
    }

    private static int serve(ResidentCache.Open cache, int[] order, int begin, int end) {
        byte[][] values = new byte[MOST_VALUE_BYTES + 1][];
        Arrays.setAll(values, byte[]::new);
        int hits = 0;
        for (int request = begin; request < end; request++) {
            int number = order[request];
            byte[] found = cache.get(number);
            if (found != null) {
                hits++;
                if (KeyStream.stampOf(found) != number || found.length != valueBytes(number)) {
                    throw new IllegalStateException("the value of another key");
                }
            } else {
                byte[] value = values[valueBytes(number)];
                KeyStream.stamp(value, number);
                cache.put(number, value);
            }
        }
        return hits;
    }

    private static int valueBytes(int number) {
        int spread = (number * 0x9E3779B9) >>> 1;
        return LEAST_VALUE_BYTES + spread % (MOST_VALUE_BYTES - LEAST_VALUE_BYTES + 1);
    }

    private static long memory() throws InterruptedException {
        for (int collection = 0; collection < COLLECTIONS; collection++) {
            System.gc();
            Thread.sleep(SETTLING_MILLIS);
        }
        return ProcessMemory.residentBytes().orElseThrow(() -> new IllegalStateException("the kernel does not tell"))
                + ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
