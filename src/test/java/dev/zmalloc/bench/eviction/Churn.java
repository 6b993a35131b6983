package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.Measurements;
import dev.zmalloc.bench.peers.ByteMap;
import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.bench.peers.PeerMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A cache for keys and values of four times its limit: {@code get}, and {@code put} on a miss, in a Zipf order that
 * does not repeat.
 *
 * <p>The rate is that of all threads' requests together, the median of some rounds, after the cache was filled and its
 * entries replaced about twice. Beside it stand the hit ratio of the same requests, and then the entries and what they
 * take: the growth of the resident set outside the heap, and of what is live on it.
 */
final class Churn {
    /** Bytes of all keys and values, to the limit. */
    private static final int WORKING_SETS = 4;

    private static final double SKEW = 0.99;
    private static final int SEED = 7;

    /** Requests that are drawn, for each key there is: more than a run makes, as far as one can tell. */
    private static final int DRAWS = 7;

    /** Requests before anything is measured, for each key there is. */
    private static final double WARM_UP = 2.5;

    private static final long SMALL_BYTES = 1 << 20;
    private static final long SMALL_REQUESTS = 2_000_000;

    private static final long ALWAYS = Long.MAX_VALUE / 2;

    private final List<Requester> requesters = new ArrayList<>();
    private final int keys;

    private Churn(ByteMap map, int[] numbers, int threads) {
        keys = numbers.length / DRAWS;
        for (int thread = 0; thread < threads; thread++) {
            requesters.add(new Requester(map, numbers, (int) ((long) numbers.length * thread / threads)));
        }
    }

    /** So many threads' requests to a cache of that limit. */
    static Churn of(ByteMap map, long maxBytes, int threads) {
        return new Churn(map, numbers(maxBytes), threads);
    }

    /** Takes a contender's name, threads, the limit in bytes, rounds, and milliseconds of each. */
    public static void main(String[] arguments) throws InterruptedException {
        Contender contender = Contender.valueOf(arguments[0]);
        int threads = Integer.parseInt(arguments[1]);
        long maxBytes = Long.parseLong(arguments[2]);
        // Loads classes and has the hot ones compiled, so that they do not count as the cache's memory.
        try (ByteMap small = contender.open(SMALL_BYTES)) {
            of(small, SMALL_BYTES, threads).request(SMALL_REQUESTS, ALWAYS);
        }
        int[] numbers = numbers(maxBytes);
        long[] before = PeerMemory.memory();
        try (ByteMap map = contender.open(maxBytes)) {
            new Churn(map, numbers, threads).measure(Integer.parseInt(arguments[3]), Long.parseLong(arguments[4]));
            Findings.print("entries", map.size());
            long[] after = PeerMemory.memory();
            Findings.print("resident_bytes", (double) after[0] - before[0] + after[1] - before[1]);
        }
        // Peers leave threads behind that keep a JVM from ending.
        System.exit(0);
    }

    /** An order that repeats itself too early has fewer keys than it seems. */
    private static int[] numbers(long maxBytes) {
        int keys = (int) (WORKING_SETS * maxBytes / Requester.PAYLOAD_BYTES);
        return KeyStream.zipf(keys, SKEW, DRAWS * keys, SEED);
    }

    /** Fills the cache, and replaces what is there about twice. */
    void warmUp() throws InterruptedException {
        request((long) (WARM_UP * keys / requesters.size()), ALWAYS);
    }

    private void measure(int rounds, long millis) throws InterruptedException {
        warmUp();
        long requests = 0;
        long hits = 0;
        List<Double> rates = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            request(Long.MAX_VALUE, TimeUnit.MILLISECONDS.toNanos(millis));
            rates.add(requesters.stream().mapToDouble(Requester::perSecond).sum());
            requests += requesters.stream().mapToLong(Requester::requests).sum();
            hits += requesters.stream().mapToLong(Requester::hits).sum();
        }
        Findings.print("rate", Measurements.median(rates));
        Findings.print("hit_ratio", (double) hits / requests);
        Findings.print("requests", requests);
        Findings.print(
                "consumed", requesters.stream().mapToLong(Requester::consumed).sum());
    }

    /** All threads at once: so many requests each, or as many as they can in that time. */
    void request(long atMost, long nanos) throws InterruptedException {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        long end = System.nanoTime() + nanos;
        List<Thread> threads = requesters.stream()
                .map(requester -> Thread.ofPlatform().start(() -> {
                    try {
                        requester.request(atMost, end);
                    } catch (Throwable thrown) {
                        failure.compareAndSet(null, thrown);
                    }
                }))
                .toList();
        for (Thread thread : threads) {
            thread.join();
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a request has failed", failure.get());
        }
    }
}
