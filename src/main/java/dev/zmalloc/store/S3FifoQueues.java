package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.GhostKeys;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.SegmentPool;
import dev.zmalloc.table.SlotCursor;
import dev.zmalloc.table.WordRing;
import java.util.function.LongPredicate;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The queues of S3-FIFO (J. Yang and others, SOSP 2023) for one stripe: a small one for what is new, a main one for
 * what proved itself, and a memory of the keys that the small one let go.
 *
 * <pre>
 *   word of a queue    63      56 55      48 47                0      access field  15 14 13      8 7     0
 *                    +----------+----------+-------------------+                  +-----+---------+-------+
 *                    | hash     | tag      | hash              |                  |queue|  round  | uses  |
 *                    +----------+----------+-------------------+                  +-----+---------+-------+
 *                                                                                   tag (8)
 * </pre>
 *
 * A new entry goes to the small queue, or, if its key is remembered, to the main one. To evict, the main queue gives up
 * its oldest if it is over its share, else the small one. From the small one, what was used {@code promoteAt} times
 * goes on to the main one, and of the rest the key is remembered. In the main one, what was used at all goes round
 * again, with one use less. An entry that fills the small queue by itself, which the paper's authors refuse, is no
 * exception: it pushes out what is new and then itself, unless it is used. In the main queue it would push out what has
 * proved itself, which on a trace with such entries cost 2.3 points of the hit ratio.
 *
 * <p>Shares are of bytes. What one eviction may let go round again is bounded, so that a main queue that is used
 * throughout does not hold up a put: after {@value #PATIENCE} the next one used once or less goes, after twice as many
 * any.
 *
 * <p>Readers store the uses alone, a byte; the tag is written under the lock. A word stands for the entry of the key
 * with that hash whose tag is the word's; if there is none it is stale, and skipped: the entry was removed, or went on
 * to another round. 64 rounds tell an entry from earlier ones under the same key; should an old word be taken for the
 * present one, the entry is merely judged a little early. Removing clears nothing: when stale words outnumber the
 * others, each change looks at some of the oldest, drops the stale and moves the rest behind the youngest.
 */
final class S3FifoQueues implements StripeIndex {
    /** Entries that go round again in one eviction before it becomes less choosy. */
    static final int PATIENCE = 64;

    /** Two queues and what is remembered. */
    static final int RINGS = 3;

    private static final int NONE = 0;
    private static final int SMALL = 1;
    private static final int MAIN = 2;

    private static final int TAG_SHIFT = 48;
    private static final long TAG_MASK = 0xFFL << TAG_SHIFT;
    private static final int QUEUE_SHIFT = 14;
    private static final int ROUND_MASK = 0x3F;
    private static final int USES_BITS = 8;
    private static final int USES_MASK = (1 << USES_BITS) - 1;
    private static final int ACCESS_TAG_MASK = HashTable.ACCESS_MASK & ~USES_MASK;

    /** Stale words that are let be, and words looked at in a change while there are more. */
    private static final int STALE_SLACK = 128;

    private static final int TRIM_STEPS = 4;

    private static final double PERCENT = 100;

    /**
     * How the queues are to behave.
     *
     * @param volatileOnly whether entries that do not expire stay out
     * @param smallShare the small queue's share, 0 to 1
     * @param promoteAt uses that get an entry into the main queue
     * @param sizes tells the bytes of an entry
     * @param capacity bytes that the queues share; 0 for what they hold at the moment
     * @param patience how many may go round again; {@link #PATIENCE}
     */
    record Settings(
            boolean volatileOnly,
            double smallShare,
            int promoteAt,
            LongUnaryOperator sizes,
            long capacity,
            int patience) {}

    static final class Queue {
        final WordRing words;
        final int id;
        long bytes;
        long entries;

        Queue(SegmentPool pool, int id) {
            words = new WordRing(pool);
            this.id = id;
        }

        void add(long entryBytes) {
            bytes += entryBytes;
            entries++;
        }

        void remove(long entryBytes) {
            bytes -= entryBytes;
            entries--;
        }

        long staleWords() {
            return words.size() - entries;
        }
    }

    private final Settings settings;
    private final SegmentPool pool;
    final Queue small;
    final Queue main;
    private final GhostKeys ghosts;
    private final SlotCursor cursor;
    private int round;

    /** Hash of the key that was remembered, and not any more, since it is about to come in; 0 if there is none. */
    private long comingBack;

    S3FifoQueues(MemoryAccount account, HashTable table, Settings settings) {
        this.settings = settings;
        pool = new SegmentPool(account, RINGS);
        small = new Queue(pool, SMALL);
        main = new Queue(pool, MAIN);
        ghosts = new GhostKeys(account, pool);
        cursor = new SlotCursor(table);
    }

    /** The small queue's share of {@code percent}. */
    static double share(int percent) {
        return percent / PERCENT;
    }

    @Override
    public long tryExpect() {
        // A key that is remembered has left a queue: the word goes from ring to ring.
        long outcome = pool.tryExpect(words() + 1);
        small.words.ensureRoom();
        main.words.ensureRoom();
        ghosts.tryExpect(outcome == 0 ? small.entries + main.entries : 0);
        return outcome;
    }

    private long words() {
        return small.words.size() + main.words.size() + ghosts.words();
    }

    @Override
    public long expectationBytesBound() {
        return pool.expectationBytesBound();
    }

    @Override
    public int freshAccess(long hash, long entry, int otherwise) {
        if (!belongs(entry)) {
            return NONE;
        }
        // Should the entry need room first, its key must not be forgotten before it comes in.
        if (ghosts.remove(hash)) {
            comingBack = hash;
        }
        return nextTag(hash == comingBack ? MAIN : SMALL);
    }

    boolean belongs(long entry) {
        return !settings.volatileOnly || EntryLayout.expiry(entry) != EntryLayout.NEVER;
    }

    private long bytes(long entry) {
        return settings.sizes.applyAsLong(entry);
    }

    private int nextTag(int queue) {
        round++;
        return (queue << QUEUE_SHIFT) | ((round & ROUND_MASK) << USES_BITS);
    }

    private static long word(long hash, int access) {
        return (hash & ~TAG_MASK) | (long) (access >>> USES_BITS) << TAG_SHIFT;
    }

    private Queue queue(int access) {
        return access >>> QUEUE_SHIFT == SMALL ? small : main;
    }

    /** The queue that an entry with this access field is in; {@code null} if in none. */
    @Nullable
    Queue queueOf(int access) {
        return access >>> QUEUE_SHIFT == NONE ? null : queue(access);
    }

    @Override
    public void inserted(long hash, long entry, int access) {
        if (access >>> QUEUE_SHIFT != NONE) {
            comingBack = 0;
            queue(access).words.push(word(hash, access));
            queue(access).add(bytes(entry));
            trim();
        }
    }

    @Override
    public void replaced(long hash, long replaced, long entry, int access) {
        boolean wasIn = access >>> QUEUE_SHIFT != NONE;
        boolean belongs = belongs(entry);
        if (wasIn) {
            queue(access).remove(bytes(replaced));
        }
        if (wasIn && belongs) {
            queue(access).add(bytes(entry));
        } else if (wasIn || belongs) {
            int uses = access & USES_MASK;
            int changed = belongs ? nextTag(SMALL) | uses : uses;
            boolean isThere = cursor.findTagged(hash, -1, access, ACCESS_TAG_MASK);
            assert isThere : "an entry that was put is not there";
            cursor.setAccess(changed);
            if (belongs) {
                inserted(hash, entry, changed);
            }
        }
    }

    @Override
    public void removed(long entry, int access) {
        if (access >>> QUEUE_SHIFT != NONE) {
            queue(access).remove(bytes(entry));
            trim();
        }
    }

    @Override
    public boolean lacks(long entry, int access) {
        return access >>> QUEUE_SHIFT == NONE && belongs(entry);
    }

    @Override
    public int adopt(long hash, long entry, int access) {
        int adopted = nextTag(MAIN) | (access & USES_MASK);
        main.words.push(word(hash, adopted));
        main.add(bytes(entry));
        return adopted;
    }

    @Override
    public long tryComplete() {
        return ghosts.tryExpect(small.entries + main.entries);
    }

    @Override
    public long completionBytesBound() {
        return GhostKeys.expectationBytesBound(small.entries + main.entries);
    }

    /** The bytes that are in the queues. */
    long queuedBytes() {
        return small.bytes + main.bytes;
    }

    @Override
    public long weight() {
        return queuedBytes();
    }

    /**
     * Takes one entry out of the table.
     *
     * @param isHeld tells entries that must stay
     * @param isDead tells those that go when they are met, whose keys need not be remembered
     * @return the entry, which is the caller's; 0 if the queues have none that can go
     */
    long evict(LongPredicate isHeld, LongPredicate isDead) {
        int rounds = 0;
        int held = 0;
        while (small.entries + main.entries > 0) {
            long capacity = settings.capacity != 0 ? settings.capacity : queuedBytes();
            boolean fromMain = small.entries == 0 || main.bytes > capacity - (long) (settings.smallShare * capacity);
            Queue queue = fromMain ? main : small;
            while (queue.entries > 0) {
                long word = queue.words.get(0);
                boolean isThere = find(word);
                long entry = cursor.entry();
                // Asked before the word is taken: the store's clock may throw.
                boolean dead = isThere && isDead.test(entry);
                queue.words.popFirst();
                if (!isThere) {
                    continue;
                }
                boolean isProtected = cursor.isProtected();
                if (isProtected || isHeld.test(entry)) {
                    // What stays for good is not to fill the small queue.
                    goOn(queue, isProtected ? main : queue, cursor.access() & USES_MASK, word);
                    if (++held > PATIENCE) {
                        return 0;
                    }
                    continue;
                }
                int uses = cursor.access() & USES_MASK;
                int allowed = rounds < settings.patience ? 0 : (rounds < 2L * settings.patience ? 1 : USES_MASK);
                if (dead || (fromMain ? uses <= allowed : uses < settings.promoteAt || allowed == USES_MASK)) {
                    takeOut(queue, entry);
                    if (!fromMain && !dead) {
                        ghosts.add(word, bytes(entry), capacity - (long) (settings.smallShare * capacity));
                    }
                    return entry;
                }
                goOn(queue, main, fromMain ? uses - 1 : 0, word);
                rounds++;
            }
        }
        return 0;
    }

    /** The entry that a word stands for; 0 if it is stale. */
    long entryOf(long word) {
        return find(word) ? cursor.entry() : 0;
    }

    /** Whether a word stands for an entry, at which the cursor is then. */
    private boolean find(long word) {
        int tag = (int) ((word & TAG_MASK) >>> TAG_SHIFT) << USES_BITS;
        return cursor.findTagged(word, ~TAG_MASK, tag, ACCESS_TAG_MASK);
    }

    /** Puts the entry at the cursor, whose word was taken from a queue, at the end of one. */
    private void goOn(Queue from, Queue to, int uses, long word) {
        int access = nextTag(to.id) | uses;
        cursor.setAccess(access);
        to.words.push(word(word, access));
        long bytes = bytes(cursor.entry());
        from.remove(bytes);
        to.add(bytes);
    }

    private void takeOut(Queue queue, long entry) {
        queue.remove(bytes(entry));
        cursor.remove();
        pool.trim(words());
    }

    private void trim() {
        for (int step = 0; step < TRIM_STEPS; step++) {
            Queue queue = small.staleWords() - small.entries > main.staleWords() - main.entries ? small : main;
            if (queue.staleWords() <= queue.entries + STALE_SLACK) {
                break;
            }
            long word = queue.words.popFirst();
            if (find(word)) {
                goOn(queue, queue, cursor.access() & USES_MASK, word);
            }
        }
        pool.trim(words());
    }

    @Override
    public boolean drain(int segments) {
        boolean isEmpty = ghosts.drain(segments) && small.words.drain(segments) && main.words.drain(segments);
        pool.freeStock();
        return isEmpty;
    }

    @Override
    public long bytes() {
        return pool.bytes() + ghosts.usableBytes();
    }

    /** Words that stand for nothing any more, for tests. */
    long staleWords() {
        return small.staleWords() + main.staleWords();
    }
}
