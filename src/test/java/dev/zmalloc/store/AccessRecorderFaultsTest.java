package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong while an application is recorded: the store goes on, and who closes the recorder is told. */
@Timeout(60)
class AccessRecorderFaultsTest {
    private static final ThreadFactory THREADS = Thread.ofPlatform().daemon().factory();

    @Test
    void aThreadThatCannotBeStartedLeavesTheStoreAsItWas() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            ThreadFactory none = work -> new Thread(work) {
                @Override
                public void start() {
                    throw new OutOfMemoryError("of the test: no thread");
                }
            };
            assertThatThrownBy(() -> AccessRecorder.start(store, OutputStream.nullOutputStream(), 1, none))
                    .isInstanceOf(OutOfMemoryError.class);
            AccessRecorder recorder = AccessRecorder.start(store, OutputStream.nullOutputStream(), 1, THREADS);
            store.put(new byte[1], new byte[1]);
            recorder.close();
            assertThat(recorder.recorded()).isEqualTo(1);
        }
    }

    @Test
    void whatIsWrittenIsNotTheStoresOwnHash() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            byte[] key = {1, 2, 3};
            long own = store.parts().hash().hash(key);
            long first = recordedHash(store, key);
            assertThat(first).isEqualTo(store.parts().hash().disguised(own)).isNotEqualTo(own);
            assertThat(recordedHash(store, key)).as("in another recording").isEqualTo(first);
        }
    }

    private static long recordedHash(OffHeapStore store, byte[] key) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AccessRecorder recorder = AccessRecorder.start(store, out, 1, THREADS);
        store.put(key, new byte[1]);
        recorder.close();
        return ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN).getLong(Integer.BYTES);
    }

    @ParameterizedTest
    @ValueSource(classes = {IOException.class, IllegalStateException.class, OutOfMemoryError.class})
    void whateverTheFileThrowsIsToldByCloseAndTheRestIsCountedAsLeftOut(Class<? extends Throwable> thrown)
            throws ReflectiveOperationException {
        Throwable failure = thrown.getConstructor(String.class).newInstance("of the test");
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            FailingStream out = new FailingStream(failure);
            AccessRecorder recorder = AccessRecorder.start(store, out, 1, THREADS);
            int puts = 20_000;
            for (int number = 0; number < puts; number++) {
                store.put(new byte[1], new byte[1]);
            }
            assertThatThrownBy(recorder::close)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasRootCause(failure);
            assertThat(out.isClosed).isTrue();
            assertThat(recorder.recorded()).isZero();
            assertThat(recorder.dropped()).isEqualTo(puts);
            recorder.close();
            AccessRecorder.start(store, OutputStream.nullOutputStream(), 1, THREADS)
                    .close();
        }
    }

    private static final class FailingStream extends OutputStream {
        private final Throwable failure;
        private boolean isClosed;

        FailingStream(Throwable failure) {
            this.failure = failure;
        }

        @Override
        public void write(int value) throws IOException {
            if (failure instanceof IOException e) {
                throw e;
            } else if (failure instanceof RuntimeException e) {
                throw e;
            }
            throw (Error) failure;
        }

        @Override
        public void close() {
            isClosed = true;
        }
    }
}
