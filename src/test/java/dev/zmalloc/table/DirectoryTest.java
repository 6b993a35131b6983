package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("core")
class DirectoryTest {
    private static final int CHUNKS_PER_LEAF = 256;
    private static final int NODE_BYTES = CHUNKS_PER_LEAF * Long.BYTES;

    private final MemoryAccount account = new MemoryAccount("directory", 0);
    private final ReaderEpochs epochs = new ReaderEpochs();
    private final RetiredBlocks retired = new RetiredBlocks(account, epochs, new EntryPins(), new StripeSet(), 0);

    /**
     * A reader read the number of buckets, and lost its processor. The table shrank by a leaf meanwhile and grew again:
     * on its way to the index of before the reader comes through the new leaf.
     */
    @Test
    void anIndexOfBeforeLeadsToABucketAfterItsLeafWasReplaced() {
        Directory directory = new Directory(account);
        assertThat(directory.tryOpen()).isPositive();
        int reader = epochs.enter();
        addChunks(directory, CHUNKS_PER_LEAF + 3 - 1);
        Set<Long> chunks = new HashSet<>();
        directory.forEachBlock(chunks::add);
        for (int count = 0; count < 3; count++) {
            directory.removeChunk(retired);
        }
        leaveGarbageBehind();
        addChunks(directory, 1);
        directory.forEachBlock(chunks::add);

        for (int chunk = CHUNKS_PER_LEAF; chunk < CHUNKS_PER_LEAF + 3; chunk++) {
            long head = directory.bucket(chunk * Directory.BUCKETS_PER_CHUNK);
            assertThat(chunks).as("where chunk %d of before is", chunk).contains(head);
            assertThat(BucketLayout.word(head)).isZero();
        }
        epochs.exit(reader);
        retired.reclaim();
        directory.close();
        assertThat(account.usedMemory()).isZero();
    }

    private static void addChunks(Directory directory, int count) {
        for (int added = 0; added < count; added++) {
            assertThat(directory.tryAddChunk()).isPositive();
        }
    }

    /** So that the next block of a node's size is unlikely to be zeroed by chance. */
    private static void leaveGarbageBehind() {
        long[] blocks = new long[8];
        for (int index = 0; index < blocks.length; index++) {
            blocks[index] = RawZMalloc.zmalloc(NODE_BYTES);
            Memory.fill(blocks[index], NODE_BYTES, (byte) 0x5A);
        }
        for (long block : blocks) {
            RawZMalloc.zfree(block);
        }
    }
}
