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
    private final SegmentPool pool;
    final WordRing words;
    private final SlotCursor cursor;

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
    public int adopt(long hash, long entry, int access) {
        inserted(hash, entry, access);
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
        return words.size();
    }

    /**
     * Shows entries chosen at random, each with the same chance, some perhaps twice; or all, if they are fewer.
     *
     * @param rule ages their access fields
     * @return how many were shown
     */
    int sample(long random, int count, AccessRule rule, EntryVisitor visitor) {
        int shown = (int) Math.min(count, words.size());
        long bits = random;
        for (int draw = 0; draw < shown; draw++) {
            bits = bits * 0xD1342543DE82EF95L + 0x9E3779B97F4A7C15L;
            int place = shown < count ? draw : (int) (((bits >>> Integer.SIZE) * words.size()) >>> Integer.SIZE);
            boolean isThere = cursor.findPlaced(words.get(place), place);
            assert isThere : "a word without an entry";
            int access = rule.aged(cursor.access());
            if (access != cursor.access()) {
                cursor.setAccess(access);
            }
            visitor.visit(cursor.entry(), cursor.bucketIndex(), access, true);
        }
        return shown;
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
