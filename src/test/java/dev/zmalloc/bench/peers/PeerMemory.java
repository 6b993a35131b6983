package dev.zmalloc.bench.peers;

import dev.zmalloc.ProcessMemory;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What memory a peer takes for its entries, in a JVM of its own whose heap was touched whole at the start.
 *
 * <p>So whatever the resident set of the process grows by is memory outside the heap; what a peer keeps on the heap is
 * what is live after collections, without the room that a collector needs around it. The sum of both counts, from
 * before the peer was opened until it is filled: memory that is reserved at the start is resident too. A small
 * instance, opened, used and closed before, has all classes loaded and the hot ones compiled by then.
 */
public final class PeerMemory {
    private static final int WARM_UP_ENTRIES = 5_000;
    private static final int WARM_UP_ROUNDS = 200;
    private static final int COLLECTIONS = 3;
    private static final long SETTLING_MILLIS = 100;

    private PeerMemory() {}

    /**
     * What was found.
     *
     * @param entries how many the peer holds, by its own count
     * @param nativeBytes growth of the resident set
     * @param heapBytes growth of what is live on the heap
     * @param emptyBytes how much of both was there once the peer was open, and empty
     */
    record Sizes(long entries, long nativeBytes, long heapBytes, long emptyBytes) {
        double bytesPerEntry() {
            return (double) (nativeBytes + heapBytes) / entries;
        }

        Map<String, Object> toMap() {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("entries", entries);
            all.put("native_bytes", nativeBytes);
            all.put("heap_bytes", heapBytes);
            all.put("empty_bytes", emptyBytes);
            all.put("resident_bytes_per_entry", bytesPerEntry());
            return all;
        }

        /** For {@link #parse}. */
        String line() {
            return "sizes " + entries + " " + nativeBytes + " " + heapBytes + " " + emptyBytes;
        }

        /** Reads what {@link #main} has printed; other lines are the peer's. */
        static Sizes parse(String output) {
            String[] fields = output.lines()
                    .filter(line -> line.startsWith("sizes "))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no sizes in: " + output))
                    .split(" ");
            return new Sizes(
                    Long.parseLong(fields[1]),
                    Long.parseLong(fields[2]),
                    Long.parseLong(fields[3]),
                    Long.parseLong(fields[4]));
        }
    }

    /** Takes the peer's name. */
    public static void main(String[] arguments) throws InterruptedException {
        Peer peer = Peer.valueOf(arguments[0]);
        warmUp(peer);
        long[] before = memory();
        try (ByteMap map = peer.open(PeerBench.ENTRIES)) {
            long[] empty = memory();
            PeerBench.fill(map, PeerBench.ENTRIES);
            long[] full = memory();
            System.out.println(new Sizes(
                            map.size(),
                            full[0] - before[0],
                            full[1] - before[1],
                            empty[0] + empty[1] - before[0] - before[1])
                    .line());
        }
        // Peers leave threads behind that keep a JVM from ending.
        System.exit(0);
    }

    private static void warmUp(Peer peer) {
        try (ByteMap map = peer.open(WARM_UP_ENTRIES)) {
            byte[] key = new byte[KeyStream.KEY_BYTES];
            for (int round = 0; round < WARM_UP_ROUNDS; round++) {
                PeerBench.fill(map, WARM_UP_ENTRIES);
                for (int number = 0; number < WARM_UP_ENTRIES; number++) {
                    KeyStream.key(number, key);
                    PeerBench.checked(map.get(key), number);
                }
            }
        }
    }

    /** The resident set, and the live heap, after collections. */
    public static long[] memory() throws InterruptedException {
        for (int collection = 0; collection < COLLECTIONS; collection++) {
            System.gc();
            Thread.sleep(SETTLING_MILLIS);
        }
        return new long[] {
            ProcessMemory.residentBytes().orElseThrow(() -> new IllegalStateException("the kernel does not tell")),
            ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()
        };
    }
}
