package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The queue of blocks beside a list. */
class BlockRingTest {
    private static final int STEPS = 20_000;
    private static final long LARGEST_BYTES = 0xFFFF_FFFFL;

    private record Block(long address, long bytes, int epoch) {}

    private final BlockRing ring = new BlockRing(2);
    private final List<Block> model = new ArrayList<>();

    @Test
    void doesWhatAListDoes() {
        long seed = Seeds.next("BlockRingTest");
        SplittableRandom random = new SplittableRandom(seed);
        for (int step = 0; step < STEPS; step++) {
            // Long runs of either kind, so that the queue grows while its blocks lie around the end of the array.
            boolean grows = (step / 50) % 2 == 0;
            if (model.isEmpty() || random.nextInt(4) < (grows ? 3 : 1)) {
                Block block = new Block(random.nextLong(), random.nextLong(LARGEST_BYTES + 1), random.nextInt());
                ring.add(block.address(), block.bytes(), block.epoch());
                model.add(block);
            } else if (random.nextBoolean()) {
                ring.removeFirst();
                model.removeFirst();
            } else {
                change(random.nextInt(model.size()), random);
            }
            assertThat(contents()).as("seed %d, step %d", seed, step).isEqualTo(model);
        }
    }

    private void change(int index, SplittableRandom random) {
        Block block = model.get(index);
        assertThat(ring.indexOf(block.address())).isEqualTo(index);
        if (random.nextBoolean()) {
            int epoch = random.nextInt();
            ring.setEpoch(index, epoch);
            model.set(index, new Block(block.address(), block.bytes(), epoch));
        } else {
            // The first takes the place of who leaves.
            ring.remove(index);
            model.set(index, model.getFirst());
            model.removeFirst();
        }
    }

    private List<Block> contents() {
        List<Block> contents = new ArrayList<>();
        for (int index = 0; index < ring.size(); index++) {
            contents.add(new Block(ring.address(index), ring.bytes(index), ring.epoch(index)));
        }
        return contents;
    }

    @Test
    void keepsTheLargestBlockAndAnyEpoch() {
        ring.add(-1, LARGEST_BYTES, -1);
        ring.add(1, 0, Integer.MIN_VALUE);
        assertThat(contents()).containsExactly(new Block(-1, LARGEST_BYTES, -1), new Block(1, 0, Integer.MIN_VALUE));
    }
}
