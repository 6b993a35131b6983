package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.fixtures.Seeds;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Finding slots by what policies remember, and walking through them, beside a map of what there is. */
class SlotCursorTest {

    /** Beyond those of the keys: a place is looked for by a fingerprint too, which another key may share. */
    private static final int NOBODYS_PLACE = 5_000;

    private static final int TAG_MASK = 0xFF00;

    private final MemoryAccount account = new MemoryAccount("test", 0);
    private final KeyHash hash = KeyHash.random();
    private final RetiredBlocks retired =
            new RetiredBlocks(account, new ReaderEpochs(), new EntryPins(), new StripeSet(), 0);
    private final HashTable table = new HashTable(account, hash, retired);
    private final SlotCursor cursor = new SlotCursor(table);

    @AfterEach
    void close() {
        table.drain(this::retire, Integer.MAX_VALUE);
        while (retired.readableBytes() > 0) {
            retired.reclaim();
        }
        assertThat(account.usedMemory()).isZero();
    }

    private void retire(long entry) {
        retired.retire(entry, EntryLayout.entryBytes(entry));
    }

    @Test
    void findsWhatIsThereByHashAndTagOrPlaceAndNothingElse() {
        long seed = Seeds.next("SlotCursorTest");
        SplittableRandom random = new SplittableRandom(seed);
        // By key: the access field, and the place of those that expire.
        Map<Integer, Integer> access = new HashMap<>();
        Map<Integer, Integer> places = new HashMap<>();
        assertThat(cursor.findTagged(1, -1, 0, 0)).isFalse();
        for (int step = 0; step < 30_000; step++) {
            int key = random.nextInt(2_000);
            boolean isGrowing = step / 6_000 % 2 == 0;
            long keyHash = hash.hash(key(key), Integer.BYTES);
            Integer known = access.get(key);
            int tag = known == null ? random.nextInt(256) << 8 : known & TAG_MASK;
            boolean found = cursor.findTagged(keyHash, -1, tag | random.nextInt(256), TAG_MASK);
            assertThat(found).as("seed %d, step %d", seed, step).isEqualTo(known != null);
            assertThat(cursor.findTagged(keyHash, -1, tag ^ 0x100, TAG_MASK)).isFalse();
            assertThat(cursor.findTagged(keyHash ^ 1L << 40, ~(1L << 40), tag, TAG_MASK))
                    .as("bits that are not known")
                    .isEqualTo(known != null);
            if (known == null && isGrowing) {
                int fresh = random.nextInt(1 << 16);
                boolean expires = random.nextBoolean();
                put(key, keyHash, fresh, expires, key);
                access.put(key, fresh);
                if (expires) {
                    places.put(key, key);
                }
            } else if (known != null && (isGrowing || random.nextBoolean())) {
                cursor.findTagged(keyHash, -1, tag, TAG_MASK);
                assertThat(cursor.access()).isEqualTo(known);
                int changed = random.nextInt(1 << 16);
                cursor.setAccess(changed);
                access.put(key, changed);
            } else if (known != null) {
                cursor.findTagged(keyHash, -1, tag, TAG_MASK);
                cursor.remove();
                assertThat(table.lastAccess()).isEqualTo(known);
                retire(cursor.entry());
                access.remove(key);
                places.remove(key);
            }
            boolean isPlaced = cursor.findPlaced(keyHash, key);
            assertThat(isPlaced).isEqualTo(places.containsKey(key));
            if (isPlaced) {
                assertThat(cursor.bucketIndex()).isEqualTo(HashTable.index(keyHash, table.bucketCount()));
                assertThat(cursor.findPlaced(keyHash, NOBODYS_PLACE)).isFalse();
            }
            if (step % 1_000 == 0) {
                walk(access, places);
            }
        }
        walk(access, places);
    }

    /** The walks show each entry once, and those that expire once. */
    private void walk(Map<Integer, Integer> access, Map<Integer, Integer> places) {
        Map<Integer, Integer> shown = new HashMap<>();
        Map<Integer, Integer> expiring = new HashMap<>();
        Map<Integer, Integer> sampled = new HashMap<>();
        for (int first = 0; first < table.bucketCount(); first += 7) {
            ChainWalk.stamp(table, first, 7, (entry, field, expires) -> {
                assertThat(shown.put(number(entry), field)).isNull();
                return field;
            });
            ChainWalk.forEachExpiring(table, first, 7, true, (entry, index, field, expires) -> {
                assertThat(expires).isTrue();
                assertThat(expiring.put(number(entry), EntryLayout.place(entry)))
                        .isNull();
            });
        }
        for (int index = 0; index < table.bucketCount(); index++) {
            ChainWalk.sample(table, index, null, (entry, bucket, field, expires) -> {
                assertThat(expires).isEqualTo(EntryLayout.expiry(entry) != EntryLayout.NEVER);
                assertThat(sampled.put(number(entry), field)).isNull();
            });
        }
        assertThat(shown).isEqualTo(access);
        assertThat(sampled).isEqualTo(access);
        assertThat(expiring).isEqualTo(places);
        assertThat(ChainWalk.sample(table, table.bucketCount(), null, (entry, bucket, field, expires) -> {}))
                .isZero();
    }

    @Test
    void stampsWhatItIsToldAndAgesWhatIsSampled() {
        for (int key = 0; key < 500; key++) {
            put(key, hash.hash(key(key), Integer.BYTES), 1_000, false, 0);
        }
        ChainWalk.stamp(table, 0, table.bucketCount(), (entry, field, expires) -> field + number(entry));
        for (int index = 0; index < table.bucketCount(); index++) {
            ChainWalk.sample(
                    table,
                    index,
                    field -> field / 2,
                    (entry, bucket, field, expires) -> assertThat(field).isEqualTo((1_000 + number(entry)) / 2));
        }
        for (int key = 0; key < 500; key++) {
            int aged = (1_000 + key) / 2;
            assertThat(cursor.findTagged(hash.hash(key(key), Integer.BYTES), -1, aged, HashTable.ACCESS_MASK))
                    .isTrue();
        }
    }

    private void put(int number, long keyHash, int access, boolean expires, int place) {
        byte[] key = key(number);
        long entry = account.tryAllocate(EntryLayout.entryBytes(key.length, 0, expires));
        assertThat(MemoryAccount.isAddress(entry)).isTrue();
        EntryLayout.writeHeader(entry, key.length, 0, expires ? 1_000 : EntryLayout.NEVER);
        Memory.copyIn(key, 0, EntryLayout.keyAddress(entry), key.length);
        if (expires) {
            EntryLayout.setPlace(entry, place);
        }
        retired.ensureRoom(HashTable.retirementsBound());
        assertThat(table.put(keyHash, entry, access, null, HashTable.ANY, true)).isEqualTo(HashTable.INSERTED);
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static int number(long entry) {
        return ByteBuffer.wrap(EntryLayout.copyOfKey(entry)).getInt();
    }
}
