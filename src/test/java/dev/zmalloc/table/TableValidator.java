package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.RawZMalloc;
import java.util.HashSet;
import java.util.Set;

/** Walks a table and checks every invariant that its classes state. */
public final class TableValidator {
    private final HashTable table;
    private final KeyHash hash;
    private final Set<Long> blocks = new HashSet<>();
    private long usedBytes;
    private long entries;
    private long children;
    private int longestChain;

    private TableValidator(HashTable table, KeyHash hash) {
        this.table = table;
        this.hash = hash;
    }

    /** Checks {@code table}. Answers the usable bytes of all its blocks, entries included. */
    public static long validate(HashTable table, KeyHash hash) {
        return new TableValidator(table, hash).walk();
    }

    /** The buckets of the longest chain of {@code table}. */
    public static int longestChain(HashTable table, KeyHash hash) {
        TableValidator validator = new TableValidator(table, hash);
        validator.walk();
        return validator.longestChain;
    }

    private long walk() {
        Directory directory = table.directory();
        if (directory == null) {
            assertThat(table.bucketCount()).isZero();
            assertThat(table.size()).isZero();
            return 0;
        }
        directory.forEachBlock(this::addBlock);
        assertThat(table.bucketCount()).isBetween(Directory.BUCKETS_PER_CHUNK, directory.bucketCapacity());
        // A whole chunk where it was taken for a split for which there was no memory then: it is there for the next.
        assertThat(directory.bucketCapacity() - table.bucketCount()).isLessThanOrEqualTo(Directory.BUCKETS_PER_CHUNK);
        for (int index = 0; index < table.bucketCount(); index++) {
            walkChain(directory, index);
        }
        for (int index = table.bucketCount(); index < directory.bucketCapacity(); index++) {
            long bucket = directory.bucket(index);
            assertThat(BucketLayout.word(bucket)).as("a bucket not in use").isZero();
            assertThat(BucketLayout.child(bucket)).isZero();
        }
        assertThat(entries).isEqualTo(table.size());
        assertThat(children).isEqualTo(table.childCount());
        return usedBytes;
    }

    private void walkChain(Directory directory, int index) {
        long head = directory.bucket(index);
        int chainEntries = 0;
        int buckets = 0;
        for (long bucket = head; bucket != 0; bucket = BucketLayout.child(bucket)) {
            buckets++;
            long word = BucketLayout.word(bucket);
            int presence = BucketLayout.presence(word);
            chainEntries += Integer.bitCount(presence);
            if (bucket != head) {
                addBlock(bucket);
                children++;
                assertThat(Integer.bitCount(presence)).as("entries of a child").isGreaterThanOrEqualTo(2);
            }
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                if (BucketLayout.holdsEntry(word, slot)) {
                    checkEntry(index, word, slot, BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot)));
                }
            }
            if (BucketLayout.child(bucket) == 0) {
                assertThat(presence & presence + 1)
                        .as("no holes in the last bucket")
                        .isZero();
            } else {
                assertThat(presence).as("a bucket with a child is full").isEqualTo(BucketLayout.PRESENCE_MASK >> 1);
            }
        }
        assertThat(buckets - 1).isEqualTo(BucketChain.children(chainEntries));
        assertThat(BucketChain.entryCount(head)).isEqualTo(chainEntries);
        longestChain = Math.max(longestChain, buckets);
    }

    private void checkEntry(int index, long word, int slot, long slotWord) {
        entries++;
        assertThat(BucketLayout.isChild(slotWord)).isFalse();
        long entry = BucketLayout.address(slotWord);
        assertThat(BucketLayout.expires(slotWord)).isEqualTo(EntryLayout.expiry(entry) != EntryLayout.NEVER);
        addBlock(entry);
        long keyHash = hash.hash(EntryLayout.keyAddress(entry), EntryLayout.keyBytes(entry));
        assertThat(HashTable.index(keyHash, table.bucketCount()))
                .as("bucket of an entry")
                .isEqualTo(index);
        assertThat(BucketLayout.fingerprint(word, slot)).isEqualTo(BucketLayout.fingerprint(keyHash));
        assertThat(EntryLayout.entryBytes(entry)).isLessThanOrEqualTo(RawZMalloc.zmallocSize(entry));
    }

    private void addBlock(long address) {
        assertThat(blocks.add(address)).as("no block has two places").isTrue();
        usedBytes += RawZMalloc.zmallocSize(address);
    }
}
