package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.AccessRule;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryVisitor;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.SegmentPool;
import dev.zmalloc.table.SlotCursor;
import dev.zmalloc.table.WordRing;

/**
 * The entries of a stripe that expire, so that volatile policies sample among these without searching the others.
 *
 * <pre>
 *   word      0       1       2       3             entry   header: place = 2, expiry ...
 *         +-------+-------+-------+-------+
 *         | hash  | hash  | hash  | hash  |
 *         +-------+-------+-------+-------+
 * </pre>
 *
 * A word is the hash of a key, and the entry knows its word's place: so an entry that leaves takes its word out, the
 * last word moves there, and its entry is told. No word is ever stale, and a random one is a fair sample.
 */
final class VolatileIndex implements StripeIndex {
    /** Draws for each entry that a sample is to have, where some are protected. */
    private static final int DRAWS = 8;

    private final SegmentPool pool;
    final WordRing words;
    private final SlotCursor cursor;

    /** Words of entries that are protected. */
    private long protectedWords;

    VolatileIndex(MemoryAccount account, HashTable table) {
        pool = new SegmentPool(account, 1);
        words = new WordRing(pool);
        cursor = new SlotCursor(table);
    }

    @Override
    public long tryExpect() {
        long outcome = pool.tryExpect(words.size() + 1);
        words.ensureRoom();
        return outcome;
    }

    @Override
    public long expectationBytesBound() {
        return pool.expectationBytesBound();
    }

    @Override
    public int freshAccess(long hash, long entry, int otherwise) {
        return otherwise;
    }

    @Override
    public void inserted(long hash, long entry, int access) {
        if (expires(entry)) {
            EntryLayout.setPlace(entry, (int) words.size());
            words.push(hash);
        }
    }

    @Override
    public void replaced(long hash, long replaced, long entry, int access) {
        if (expires(replaced) && expires(entry) && EntryLayout.place(replaced) != EntryLayout.NO_PLACE) {
            EntryLayout.setPlace(entry, EntryLayout.place(replaced));
        } else {
            removed(replaced, access);
            inserted(hash, entry, access);
        }
    }

    @Override
    public void removed(long entry, int access) {
        if (!expires(entry) || EntryLayout.place(entry) == EntryLayout.NO_PLACE) {
            return;
        }
        int place = EntryLayout.place(entry);
        int last = (int) words.size() - 1;
        long moved = words.popLast();
        if (place != last) {
            boolean isThere = cursor.findPlaced(moved, last);
            assert isThere : "a word without an entry";
            EntryLayout.setPlace(cursor.entry(), place);
            words.set(place, moved);
        }
        pool.trim(words.size());
    }

    @Override
    public boolean lacks(long entry, int access) {
        return expires(entry) && EntryLayout.place(entry) == EntryLayout.NO_PLACE;
    }

    @Override
    public void marked(long entry, boolean isProtected) {
        if (expires(entry) && EntryLayout.place(entry) != EntryLayout.NO_PLACE) {
            protectedWords += isProtected ? 1 : -1;
        }
    }

    @Override
    public int adopt(long hash, long entry, int access) {
        inserted(hash, entry, access);
        boolean isThere = cursor.findPlaced(hash, EntryLayout.place(entry));
        assert isThere : "an entry that is adopted is not there";
        protectedWords += cursor.isProtected() ? 1 : 0;
        return access;
    }

    @Override
    public long tryComplete() {
        return 0;
    }

    @Override
    public long completionBytesBound() {
        return 0;
    }

    private static boolean expires(long entry) {
        return EntryLayout.expiry(entry) != EntryLayout.NEVER;
    }

    @Override
    public long weight() {
        return words.size() - protectedWords;
    }

    /**
     * Shows entries chosen at random of those that are not protected, each with the same chance, some perhaps twice; or
     * all, if they are few.
     *
     * @param rule ages their access fields
     * @return how many were shown: fewer than {@code count} where most are protected; 0 only if all are
     */
    int sample(long random, int count, AccessRule rule, EntryVisitor visitor) {
        if (words.size() <= protectedWords) {
            return 0;
        }
        boolean isAll = words.size() < count;
        long draws = isAll ? words.size() : protectedWords == 0 ? count : (long) DRAWS * count;
        long bits = random;
        int place = 0;
        int shown = 0;
        for (int draw = 0; draw < draws && shown < count; draw++) {
            bits = bits * 0xD1342543DE82EF95L + 0x9E3779B97F4A7C15L;
            place = isAll ? draw : (int) (((bits >>> Integer.SIZE) * words.size()) >>> Integer.SIZE);
            shown += show(place, rule, visitor);
        }
        while (shown == 0) {
            place = place + 1 < words.size() ? place + 1 : 0;
            shown = show(place, rule, visitor);
        }
        return shown;
    }

    /** Shows the entry of a word, unless it is protected. Answers how many were shown. */
    private int show(int place, AccessRule rule, EntryVisitor visitor) {
        boolean isThere = cursor.findPlaced(words.get(place), place);
        assert isThere : "a word without an entry";
        if (cursor.isProtected()) {
            return 0;
        }
        int access = rule.aged(cursor.access());
        if (access != cursor.access()) {
            cursor.setAccess(access);
        }
        visitor.visit(cursor.entry(), cursor.bucketIndex(), access, true);
        return 1;
    }

    /** For a validator. */
    long protectedWords() {
        return protectedWords;
    }

    @Override
    public boolean drain(int segments) {
        boolean isEmpty = words.drain(segments);
        pool.freeStock();
        return isEmpty;
    }

    @Override
    public long bytes() {
        return pool.bytes();
    }
}
