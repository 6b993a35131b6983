package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.fixtures.Seeds;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A reader does not miss a key that was there all along, however often its entry is moved past it. One thread removes
 * and inserts all keys but those of one class, which moves the entries of that class; then another class stays. Readers
 * look for what stays.
 */
@Timeout(120)
class MovingEntriesTest {
    private static final int CLASSES = 8;
    private static final int READERS = 2;
    private static final long NANOS = 1_500_000_000;
    private static final long CHILD_BYTES = RawZMalloc.usableBytesBound(BucketLayout.BUCKET_BYTES);

    private final KeyHash hash = KeyHash.random();
    private final ReaderEpochs epochs = new ReaderEpochs();

    /** The table's account pays for its buckets alone. */
    private final MemoryAccount entries = new MemoryAccount("entries", 0);

    private final RetiredBlocks removed = new RetiredBlocks(entries, epochs, new EntryPins(), new StripeSet(), 0);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicLong found = new AtomicLong();

    /** Whose number, modulo {@link #CLASSES}, is that of the class that stays; below 0 at the end. */
    private volatile int phase;

    /** Buckets come and go: entries are moved by splits and merges, and within short chains. */
    @Test
    void inATableThatGrowsAndShrinks() throws InterruptedException {
        int[] buckets = moveWhileOthersRead(new MemoryAccount("moving", 0), 4_000, false);
        assertThat(buckets[1]).isGreaterThan(2 * buckets[0]);
    }

    /** There is no memory for buckets, and chains are long: entries are moved within them, and children come and go. */
    @Test
    void inATableOfLongChains() throws InterruptedException {
        long limit = HashTable.initialBytesBound() + (1 << 20);
        int[] buckets = moveWhileOthersRead(new MemoryAccount("moving", limit), 3_000, true);
        assertThat(buckets).containsExactly(Directory.BUCKETS_PER_CHUNK, Directory.BUCKETS_PER_CHUNK);
    }

    /** Answers the least and the most buckets that there were. */
    private int[] moveWhileOthersRead(MemoryAccount account, int keys, boolean isScarce) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(Seeds.next("MovingEntriesTest"));
        RetiredBlocks retired = new RetiredBlocks(account, epochs, new EntryPins(), new StripeSet(), 0);
        HashTable table = new HashTable(account, hash, retired);
        if (isScarce) {
            withhold(account);
        }
        for (int key = 0; key < keys; key++) {
            put(table, account, key, isScarce);
        }
        List<Thread> readers = new ArrayList<>();
        for (int number = 0; number < READERS; number++) {
            readers.add(Thread.ofPlatform().start(() -> readUntilTheEnd(table, keys)));
        }
        int[] buckets = {table.bucketCount(), table.bucketCount()};
        int phases = 0;
        for (long start = System.nanoTime(); System.nanoTime() - start < NANOS && failure.get() == null; ) {
            List<Integer> others = shuffled(keys, phases % CLASSES, random);
            for (int key : others) {
                remove(table, account, key, isScarce);
            }
            buckets[0] = Math.min(buckets[0], table.bucketCount());
            for (int key : others) {
                put(table, account, key, isScarce);
            }
            buckets[1] = Math.max(buckets[1], table.bucketCount());
            phase = ++phases;
        }
        phase = -1;
        for (Thread reader : readers) {
            reader.join();
        }
        assertThat(failure.get()).isNull();
        System.out.printf("MovingEntriesTest: %,d look-ups in %d phases%n", found.get(), phases);
        TableValidator.validate(table, hash);
        table.drain(entry -> entries.free(entry, EntryLayout.entryBytes(entry)), Integer.MAX_VALUE);
        while (retired.readableBytes() + removed.readableBytes() > 0) {
            retired.reclaim();
            removed.reclaim();
        }
        assertThat(entries.usedMemory()).isZero();
        return buckets;
    }

    private void readUntilTheEnd(HashTable table, int keys) {
        try {
            long count = 0;
            for (int seen = phase; seen >= 0; seen = phase) {
                for (int key = seen % CLASSES; key < keys; key += CLASSES) {
                    byte[] bytes = key(key);
                    int ticket = epochs.enter();
                    long entry = table.find(hash.hash(bytes), bytes, bytes.length, null);
                    boolean isRight = entry != 0 && EntryLayout.hasKey(entry, bytes, bytes.length);
                    epochs.exit(ticket);
                    if (!isRight && phase == seen) {
                        throw new AssertionError("key " + key + " was not found in phase " + seen);
                    }
                    count++;
                }
            }
            found.addAndGet(count);
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    /** The keys that are not of a class, in random order. */
    private static List<Integer> shuffled(int keys, int exceptClass, SplittableRandom random) {
        List<Integer> numbers = new ArrayList<>();
        for (int key = 0; key < keys; key++) {
            if (key % CLASSES != exceptClass) {
                numbers.add(key);
                int other = random.nextInt(numbers.size());
                numbers.set(numbers.size() - 1, numbers.get(other));
                numbers.set(other, key);
            }
        }
        return numbers;
    }

    private void put(HashTable table, MemoryAccount account, int number, boolean isScarce) {
        byte[] bytes = key(number);
        long entry = entries.tryAllocate(EntryLayout.entryBytes(bytes.length, 0, false));
        EntryLayout.writeHeader(entry, bytes.length, 0, EntryLayout.NEVER);
        Memory.copyIn(bytes, 0, EntryLayout.keyAddress(entry), bytes.length);
        if (isScarce && account.isOver(CHILD_BYTES)) {
            account.release(CHILD_BYTES);
        }
        long outcome = table.put(hash.hash(bytes), entry, 0, null, HashTable.ABSENT, true);
        if (outcome != HashTable.INSERTED) {
            throw new AssertionError("putting key " + number + " answered " + outcome);
        }
    }

    private void remove(HashTable table, MemoryAccount account, int number, boolean isScarce) {
        byte[] bytes = key(number);
        long entry = table.remove(hash.hash(bytes), bytes, bytes.length, HashTable.ANY);
        if (entry == 0) {
            throw new AssertionError("key " + number + " was not there to be removed");
        }
        removed.retire(entry, EntryLayout.entryBytes(entry));
        if (isScarce) {
            withhold(account);
        }
    }

    /** Leaves room for some children, and never for a chunk of buckets. */
    private static void withhold(MemoryAccount account) {
        long room = account.maxMemory() - account.usedMemory();
        long wanted = HashTable.initialBytesBound() + CHILD_BYTES;
        long least = account.usedMemory() == 0 ? wanted : Directory.CHUNK_BYTES / 2;
        if (room > least) {
            assertThat(account.tryReserve(room - least)).isTrue();
        }
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }
}
