package dev.zmalloc.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.examples.BufferListExample.Buffer;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BufferListExampleTest {
    private static final long LIMIT = 1 << 20;

    private final long usedBefore = ZMalloc.zmallocUsedMemory();

    @Test
    void staysUnderTheLimitWhateverTheSizes() {
        SplittableRandom random = new SplittableRandom(3);
        try (BufferListExample list = new BufferListExample(usedBefore + LIMIT)) {
            for (int i = 0; i < 20_000; i++) {
                Buffer buffer = list.add(random.nextInt(1, 10_000));
                assertThat(ZMalloc.zmallocUsedMemory()).isLessThanOrEqualTo(usedBefore + LIMIT);
                buffer.bytes().fill((byte) buffer.serial());
            }
            assertThat(list.evictor.evictions()).isEqualTo(20_000 - list.buffers.size());
            assertThat(list.buffers).hasSizeGreaterThan(100).allSatisfy(buffer -> {
                byte expected = (byte) buffer.serial();
                assertThat(buffer.bytes().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo(expected);
                assertThat(buffer.bytes()
                                .get(ValueLayout.JAVA_BYTE, buffer.bytes().byteSize() - 1))
                        .isEqualTo(expected);
            });
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(usedBefore);
    }

    @Test
    void keepsWhatIsUsed() {
        try (BufferListExample list = new BufferListExample(usedBefore + LIMIT)) {
            Buffer favourite = list.add(1000);
            for (int i = 0; i < 20_000; i++) {
                list.add(1000);
                list.use(favourite);
            }
            assertThat(list.buffers).contains(favourite);
        }
    }

    @Test
    void refusesWhatNeverFits() {
        try (BufferListExample list = new BufferListExample(usedBefore + LIMIT)) {
            list.add(1000);
            assertThat(list.add(2 * LIMIT)).isNull();
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(usedBefore);
    }

    @Test
    void runs() {
        assertThat(SystemOut.of(() -> BufferListExample.main(new String[0])))
                .matches("[0-9]+ buffers, [0-9]+ evicted\n[0-9]+ bytes used of 1048576\nused in the end: " + usedBefore
                        + "\n");
    }
}
