package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("core")
class ZeroCopyReadTest {
    private static final byte[] KEY = {1, 2, 3};

    @Test
    void showsTheValueWhereItLiesReadOnly() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            store.put(KEY, filled(100, 7));
            String answer = store.read(KEY, segment -> {
                assertThat(segment.isNative()).isTrue();
                assertThat(segment.byteSize()).isEqualTo(100);
                assertThat(isFilled(segment, 7)).isTrue();
                assertThatThrownBy(() -> segment.set(ValueLayout.JAVA_BYTE, 0, (byte) 1))
                        .isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 100))
                        .isInstanceOf(IndexOutOfBoundsException.class);
                return "seen";
            });
            assertThat(answer).isEqualTo("seen");
            assertThat(store.<Object>read(KEY, segment -> null)).isNull();
            assertThat(store.<Object>read(new byte[] {9}, segment -> {
                        throw new AssertionError("called without a value");
                    }))
                    .isNull();
        }
    }

    @Test
    void aSegmentKeptPastTheCallThrows() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            store.put(KEY, filled(100, 7));
            AtomicReference<MemorySegment> kept = new AtomicReference<>();
            AtomicReference<ByteBuffer> buffer = new AtomicReference<>();
            store.read(KEY, segment -> {
                kept.set(segment);
                buffer.set(segment.asByteBuffer());
                return null;
            });
            assertThatThrownBy(() -> kept.get().get(ValueLayout.JAVA_BYTE, 0))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> buffer.get().get(0)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aReaderThatThrowsLeavesNothingBehind() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            store.put(KEY, filled(100, 7));
            assertThatThrownBy(() -> store.read(KEY, segment -> {
                        throw new IllegalArgumentException("of the reader");
                    }))
                    .hasMessage("of the reader");
            StoreValidator.validate(store);
        }
    }

    @Test
    void theBytesStayWhateverTheReaderDoesToTheStore() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            store.put(KEY, filled(5_000, 7));
            store.read(KEY, segment -> {
                store.put(KEY, filled(5_000, 8));
                assertThat(isFilled(segment, 7)).isTrue();
                assertThat(store.get(KEY)).isEqualTo(filled(5_000, 8));
                store.read(KEY, inner -> {
                    store.remove(KEY);
                    assertThat(isFilled(inner, 8)).isTrue();
                    return null;
                });
                assertThat(store.get(KEY)).isNull();
                store.clear();
                assertThat(isFilled(segment, 7)).isTrue();
                return null;
            });
            StoreValidator.validate(store);
        }
    }

    @Test
    void aStoreMayBeClosedInsideAReader() {
        long before = ZMalloc.zmallocUsedMemory();
        OffHeapStore store = OffHeapStore.builder().build();
        store.put(KEY, filled(5_000, 7));
        store.read(KEY, segment -> {
            store.close();
            assertThat(isFilled(segment, 7)).isTrue();
            // Only the entry under the reader is left.
            assertThat(store.usedMemory()).isBetween(5_000L, 8_192L);
            return null;
        });
        assertThat(store.usedMemory()).isZero();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    @Test
    void anEntryUnderAReaderIsNotEvicted() {
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(256 << 10)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            store.put(KEY, filled(5_000, 7));
            store.read(KEY, segment -> {
                for (int key = 0; key < 2_000; key++) {
                    store.put(ByteBuffer.allocate(4).putInt(key).array(), filled(1_000, 9));
                }
                assertThat(isFilled(segment, 7)).isTrue();
                return null;
            });
            assertThat(store.get(KEY)).isEqualTo(filled(5_000, 7));
            assertThat(store.statistics().rejections()).isZero();
            StoreValidator.validate(store);
        }
    }

    @Test
    void anotherThreadsUseOfTheSegmentIsRefused() throws InterruptedException {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            store.put(KEY, filled(10, 7));
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            store.read(KEY, segment -> {
                Thread other = Thread.ofPlatform()
                        .uncaughtExceptionHandler((thread, failure) -> thrown.set(failure))
                        .start(() -> segment.get(ValueLayout.JAVA_BYTE, 0));
                try {
                    other.join();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return null;
            });
            assertThat(thrown.get()).isInstanceOf(WrongThreadException.class);
        }
    }

    private static byte[] filled(int bytes, int with) {
        byte[] value = new byte[bytes];
        Arrays.fill(value, (byte) with);
        return value;
    }

    private static boolean isFilled(MemorySegment segment, int with) {
        return segment.mismatch(MemorySegment.ofArray(filled((int) segment.byteSize(), with))) == -1;
    }
}
