package dev.zmalloc.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.testing.FailOnNativeLeak;
import dev.zmalloc.testing.Faults;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("fault")
// README begin
@FailOnNativeLeak
class NoMemoryExampleTest {
    @Test
    void whatCannotBeStoredChangesNothing() {
        try (OffHeapStore store = OffHeapStore.builder().build();
                Faults faults = Faults.fromNth(1).inject()) {
            assertThrows(NativeOutOfMemoryError.class, () -> store.put(new byte[8], new byte[100]));
            assertEquals(1, faults.refused());
            assertEquals(0, store.size());
        }
    }
}
// README end
