package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.fixtures.Seeds;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TableScanTest {
    private final MemoryAccount account = new MemoryAccount("test", 0);
    private final KeyHash hash = new KeyHash(new SipHash(11, 12));
    private final ReaderEpochs epochs = new ReaderEpochs();
    private final RetiredBlocks retired = new RetiredBlocks(account, epochs, new EntryPins(), new StripeSet(), 0);
    private final HashTable table = new HashTable(account, hash, retired);

    @AfterEach
    void close() {
        WriterSteps.set(null);
        assertThat(table.drain(this::retire, Integer.MAX_VALUE)).isTrue();
        while (retired.readableBytes() > 0) {
            retired.reclaim();
        }
        assertThat(account.usedMemory()).isZero();
    }

    private void retire(long entry) {
        retired.retire(entry, EntryLayout.entryBytes(entry));
    }

    /**
     * Between any two stores of a writer, in the middle of splits, merges and moves, a scan shows all there is, once.
     */
    @Test
    void showsEverythingOnceAtEveryStepOfAWriter() {
        int staying = 60;
        for (int key = 0; key < staying; key++) {
            put(key(key));
        }
        TableScan scan = new TableScan();
        int[] scans = {0};
        WriterSteps.set(step -> {
            Map<Integer, Integer> shown = new HashMap<>();
            for (long position = 0; position != TableScan.END; ) {
                position = scan.read(table, position);
                for (int number = 0; number < scan.size(); number++) {
                    shown.merge(number(scan.entry(number)), 1, Integer::sum);
                }
            }
            assertThat(shown.values()).as(step).allMatch(times -> times == 1);
            for (int key = 0; key < staying; key++) {
                assertThat(shown).as(step).containsKey(key);
            }
            scans[0]++;
        });
        // From one chunk of buckets to two and back.
        for (int key = staying; key < 500; key++) {
            put(key(key));
        }
        assertThat(table.bucketCount()).isGreaterThan(Directory.BUCKETS_PER_CHUNK);
        for (int key = staying; key < 500; key++) {
            remove(key(key));
        }
        assertThat(table.bucketCount()).isEqualTo(Directory.BUCKETS_PER_CHUNK);
        assertThat(scans[0]).isGreaterThan(2_000);
    }

    /**
     * An entry is moved from behind the reader's back to a place that the reader has passed. A key of a mebibyte, which
     * takes long to hash, keeps the reader in the middle of the chain.
     */
    @Test
    void doesNotMissWhatIsMovedPastIt() throws InterruptedException {
        SplittableRandom random = new SplittableRandom(Seeds.next("TableScanTest.doesNotMissWhatIsMovedPastIt"));
        byte[] slow = new byte[EntryLayout.MAX_KEY_BYTES];
        int bucket = HashTable.index(hash.hash(slow), Directory.BUCKETS_PER_CHUNK);
        byte[] going = inBucket(bucket, 0);
        byte[] staying = inBucket(bucket, number(going) + 1);
        long position = Integer.toUnsignedLong(Integer.reverse(bucket));
        int changed = 0;
        // Both threads must run at once for it, which other work on the machine can keep them from for a while.
        for (int round = 0; round < 100 || (changed == 0 && round < 10_000); round++) {
            put(going);
            put(slow);
            long moved = put(staying);
            AtomicBoolean reads = new AtomicBoolean();
            int[] answers = new int[2];
            Thread reader = Thread.ofPlatform().start(() -> read(position, moved, reads, answers));
            while (!reads.get()) {
                Thread.onSpinWait();
            }
            long start = System.nanoTime();
            int delayNanos = random.nextInt(1_000_000);
            while (System.nanoTime() - start < delayNanos) {
                Thread.onSpinWait();
            }
            remove(going);
            reader.join();
            assertThat(answers[0]).as("times that the entry was shown").isEqualTo(1);
            changed += answers[1];
            remove(slow);
            remove(staying);
        }
        System.out.println("a chain changed under its reader " + changed + " times");
        assertThat(changed).isPositive();
    }

    private void read(long position, long wanted, AtomicBoolean reads, int[] answers) {
        TableScan scan = new TableScan();
        int ticket = epochs.enter();
        try {
            reads.set(true);
            while (scan.read(table, position) == TableScan.CHANGED) {
                answers[1]++;
            }
            for (int number = 0; number < scan.size(); number++) {
                answers[0] += scan.entry(number) == wanted ? 1 : 0;
            }
        } finally {
            epochs.exit(ticket);
        }
    }

    @Test
    void drawsNothingFromAnEmptyTable() {
        SplittableRandom random = new SplittableRandom(1);
        assertThat(TableScan.draw(table, TableScan.places(table), random)).isZero();
        assertThat(new TableScan().read(table, 0)).isEqualTo(TableScan.END);
        long only = put(key(1));
        int drawn = 0;
        for (int draw = 0; draw < 20_000; draw++) {
            long entry = TableScan.draw(table, TableScan.places(table), random);
            assertThat(entry == 0 || entry == only).isTrue();
            drawn += entry == 0 ? 0 : 1;
        }
        // One of 64 chains of 16 places.
        assertThat(drawn).isBetween(5, 60);
    }

    private byte[] inBucket(int bucket, int from) {
        int number = from;
        while (HashTable.index(hash.hash(key(number)), Directory.BUCKETS_PER_CHUNK) != bucket) {
            number++;
        }
        return key(number);
    }

    private long put(byte[] key) {
        long entry = account.tryAllocate(EntryLayout.entryBytes(key.length, 0, false));
        EntryLayout.writeHeader(entry, key.length, 0, EntryLayout.NEVER);
        Memory.copyIn(key, 0, EntryLayout.keyAddress(entry), key.length);
        assertThat(table.put(hash.hash(key), entry, 0, null, HashTable.ABSENT, true))
                .isEqualTo(HashTable.INSERTED);
        return entry;
    }

    private void remove(byte[] key) {
        long entry = table.remove(hash.hash(key), key, key.length, HashTable.ANY);
        assertThat(entry).isNotZero();
        retire(entry);
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static int number(byte[] key) {
        return ByteBuffer.wrap(key).getInt();
    }

    private static int number(long entry) {
        byte[] key = new byte[Integer.BYTES];
        Memory.copyOut(EntryLayout.keyAddress(entry), key, 0, key.length);
        return number(key);
    }
}
