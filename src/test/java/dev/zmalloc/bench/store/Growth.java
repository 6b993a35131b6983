package dev.zmalloc.bench.store;

import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * How long single puts take while a store grows from empty, and beside it how long an idle loop, which does nothing but
 * look at the clock, is kept from doing so.
 *
 * <p>Both loops count all of the time, from one look at the clock to the next, so that whatever stops a thread is an
 * event of either: a collection or another stop of the JVM, the system's scheduler, the machine below it. The JVM's own
 * log and the kernel's count of how long a thread ran, and waited for a processor, tell the cause, see
 * {@link GrowthResult}.
 */
final class Growth {
    static final long LONG_NANOS = 1_000_000;
    static final String PUT = "put";
    static final String IDLE = "idle";
    static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99, 99.999, 99.9999, 100};

    private static final int WARM_UP_ENTRIES = 1_000_000;
    private static final int VALUE_BYTES = 100;
    private static final int PUTS_PER_LOOK = 1 << 10;
    private static final long BYTES_PER_ENTRY = 512;
    private static final long MOST_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int DIGITS = 3;

    private volatile boolean done;

    private Growth() {}

    /** Takes the number of entries. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        new Growth().run(Integer.parseInt(arguments[0]));
    }

    private void run(int entries) throws IOException, InterruptedException {
        try (OffHeapStore store = store(WARM_UP_ENTRIES)) {
            put(store, WARM_UP_ENTRIES, new Loop(PUT));
        }
        System.gc();
        Loop puts = new Loop(PUT);
        Loop idle = new Loop(IDLE);
        Thread idler = Thread.ofPlatform().start(() -> idle(idle));
        long begun = System.nanoTime();
        try (OffHeapStore store = store(entries)) {
            put(store, entries, puts);
            long nanos = System.nanoTime() - begun;
            done = true;
            idler.join();
            if (store.size() != entries) {
                throw new IllegalStateException(store.size() + " entries are there, not " + entries);
            }
            System.out.println("seconds " + nanos / 1e9);
        }
        puts.print();
        idle.print();
    }

    private static OffHeapStore store(int entries) {
        return OffHeapStore.builder()
                .maxMemory(BYTES_PER_ENTRY * entries)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
    }

    private static void put(OffHeapStore store, int entries, Loop loop) throws IOException {
        byte[] key = new byte[KeyStream.KEY_BYTES];
        byte[] value = new byte[VALUE_BYTES];
        try (ThreadTimes times = new ThreadTimes()) {
            loop.begin();
            for (int number = 0; number < entries; number++) {
                KeyStream.key(number, key);
                KeyStream.stamp(value, number);
                store.put(key, value);
                loop.lap();
                if (number % PUTS_PER_LOOK == 0) {
                    loop.look(times.nanos());
                }
            }
        }
    }

    private void idle(Loop loop) {
        try (ThreadTimes times = new ThreadTimes()) {
            loop.begin();
            while (!done) {
                for (int lap = 0; lap < PUTS_PER_LOOK; lap++) {
                    loop.lap();
                }
                loop.look(times.nanos());
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** The times of one loop, and its long ones by themselves. */
    private static final class Loop {
        private final String name;
        private final Histogram nanos = new Histogram(MOST_NANOS, DIGITS);
        private final List<long[]> events = new ArrayList<>();
        private int explained;
        private long[] timesBefore = new long[2];
        private long last;

        Loop(String name) {
            this.name = name;
        }

        void begin() {
            last = System.nanoTime();
        }

        void lap() {
            long now = System.nanoTime();
            nanos.recordValue(Math.min(now - last, MOST_NANOS));
            if (now - last > LONG_NANOS) {
                events.add(new long[] {last, now - last, 0, 0});
            }
            last = now;
        }

        /** Tells long laps since the last call how the thread has spent the time meanwhile. */
        void look(long[] times) {
            for (; explained < events.size(); explained++) {
                events.get(explained)[2] = times[0] - timesBefore[0];
                events.get(explained)[3] = times[1] - timesBefore[1];
            }
            timesBefore = times;
            last = System.nanoTime();
        }

        void print() {
            System.out.println("laps " + name + " " + nanos.getTotalCount());
            for (double percentile : PERCENTILES) {
                System.out.println(
                        "percentile " + name + " " + percentile + " " + nanos.getValueAtPercentile(percentile));
            }
            for (long[] event : events) {
                System.out.println("event " + name + " " + event[0] + " " + event[1] + " " + event[2] + " " + event[3]);
            }
        }
    }

    /** How long this thread ran, and how long it waited for a processor, as the kernel counts. 0 where it does not. */
    private static final class ThreadTimes implements AutoCloseable {
        private final FileInputStream file;
        private final ByteBuffer buffer = ByteBuffer.allocate(128);

        ThreadTimes() throws IOException {
            file = new FileInputStream("/proc/thread-self/schedstat");
        }

        long[] nanos() throws IOException {
            buffer.clear();
            int bytes = file.getChannel().read(buffer, 0);
            String[] fields = new String(buffer.array(), 0, Math.max(0, bytes), StandardCharsets.US_ASCII).split(" ");
            return fields.length > 1 ? new long[] {Long.parseLong(fields[0]), Long.parseLong(fields[1])} : new long[2];
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
