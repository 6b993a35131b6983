package dev.zmalloc.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.ZMallocArena;
import dev.zmalloc.testing.FailOnNativeLeak.Scope;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that leave native memory behind, and tests that do not: run by {@link LeakCheckProbe} and not by themselves.
 */
final class LeakSamples {
    /** Large enough that the level {@code sample} remembers it, but for one time in 10^13. */
    static final long LARGE_BYTES = 16 << 20;

    private LeakSamples() {}

    static MemorySegment takeBefore(long bytes) {
        return ZMalloc.zmalloc(bytes);
    }

    static MemorySegment takeAndForget(long bytes) {
        return ZMalloc.zmalloc(bytes);
    }

    /** Memory with a {@code close}, as a resource has it. */
    static final class Block implements AutoCloseable {
        private final MemorySegment segment = ZMalloc.zmalloc(100);

        @Override
        public void close() {
            ZMalloc.zfree(segment);
        }
    }

    @FailOnNativeLeak(waitMillis = 20)
    static class Leaking {
        private static MemorySegment before = MemorySegment.NULL;

        @BeforeAll
        static void take() {
            before = takeBefore(5_000);
        }

        @AfterAll
        static void free() {
            ZMalloc.zfree(before);
        }

        @Test
        void leaks() {
            ZMalloc.zfree(takeAndForget(10));
            takeAndForget(1_000);
            takeAndForget(LARGE_BYTES);
        }

        @Test
        void leaksByResizing() {
            before = ZMalloc.zrealloc(before, 50_000);
        }

        @Test
        void leaksOnAnotherThread() throws InterruptedException {
            Thread.ofPlatform().start(() -> takeAndForget(1_000)).join();
        }

        @Test
        void failsAnyway() {
            takeAndForget(1_000);
            throw new IllegalStateException("its own failure");
        }

        @Test
        void failsWithoutLeaking() {
            throw new IllegalStateException("its own failure");
        }

        @Test
        void isAborted() {
            takeAndForget(1_000);
            assumeTrue(false, "not here");
        }

        @Test
        void leaksNothing() {
            ZMalloc.zfree(takeAndForget(1_000));
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3})
        void leaksOnce(int number) {
            MemorySegment block = takeAndForget(1_000);
            if (number != 2) {
                ZMalloc.zfree(block);
            }
        }
    }

    /** Whatever is given back in the course of a test is no leak. */
    @FailOnNativeLeak
    @ExtendWith(Blocks.class)
    static class GivenBack {
        private final MemorySegment ofField = ZMalloc.zmalloc(100);

        @AutoClose
        private final Block closed = new Block();

        private MemorySegment ofBeforeEach = MemorySegment.NULL;

        @BeforeEach
        void take() {
            ofBeforeEach = ZMalloc.zmalloc(100);
        }

        @AfterEach
        void free() {
            ZMalloc.zfree(ofField);
            ZMalloc.zfree(ofBeforeEach);
        }

        @Test
        void byAfterEach() {
            assertThat(closed).isNotNull();
        }

        @Test
        void byAnExtension(Block block) {
            assertThat(block).isNotNull();
        }

        @Test
        void byAThreadThatIsLate() {
            MemorySegment block = takeAndForget(100);
            Thread.ofPlatform().start(() -> {
                try {
                    Thread.sleep(100);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                ZMalloc.zfree(block);
            });
        }

        @Test
        void byTheGarbageCollector() {
            ZMallocArena.allocator(Arena.ofAuto()).allocate(100).fill((byte) 1);
        }

        @Nested
        class Inner {
            private final MemorySegment ofInner = ZMalloc.zmalloc(100);

            @AfterEach
            void freeInner() {
                ZMalloc.zfree(ofInner);
            }

            @Test
            void nested() {
                ZMalloc.zfree(takeAndForget(100));
            }

            @Test
            void nestedLeak() {
                takeAndForget(1_000);
            }
        }
    }

    /** Hands blocks to tests, and has JUnit close them. */
    static final class Blocks implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Block.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            Block block = new Block();
            context.getStore(ExtensionContext.Namespace.create(Blocks.class)).put("block", block);
            return block;
        }
    }

    @FailOnNativeLeak(waitMillis = 20)
    static class LeakingClass {
        @BeforeAll
        static void take() {
            takeAndForget(3_000);
        }

        @Test
        void first() {}

        @Test
        void leaks() {
            takeAndForget(1_000);
        }
    }

    /** A block that the first test takes and the last frees. */
    @TestMethodOrder(MethodOrderer.MethodName.class)
    abstract static class HandingOver {
        private static MemorySegment held = MemorySegment.NULL;

        @Test
        void a_takes() {
            held = takeAndForget(1_000);
        }

        @Test
        void b_frees() {
            ZMalloc.zfree(held);
        }
    }

    @FailOnNativeLeak(waitMillis = 20)
    static class Unannounced extends HandingOver {}

    @FailOnNativeLeak(Scope.CLASS)
    static class Announced extends HandingOver {
        @Nested
        class Inner {
            @Test
            void nested() {
                ZMalloc.zfree(ZMalloc.zmalloc(10));
            }
        }
    }

    @FailOnNativeLeak
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    static class OneInstance extends HandingOver {
        @AutoClose
        private final Block closed = new Block();

        @Test
        void c_uses() {
            assertThat(closed).isNotNull();
        }
    }

    @FailOnNativeLeak(waitMillis = 20)
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    static class OneLeakingInstance {
        @Test
        void leaks() {
            takeAndForget(1_000);
        }
    }

    @FailOnNativeLeak(value = Scope.TEST, waitMillis = 20)
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    static class OneInstanceByTest extends HandingOver {}

    static class Methods {
        @Test
        @FailOnNativeLeak(waitMillis = 20)
        void watched() {
            takeAndForget(1_000);
        }

        @Test
        void unwatched() {
            takeAndForget(1_000);
        }
    }

    /** Registered without the lock of the annotation. */
    @ExtendWith(NativeMemoryLeakExtension.class)
    static class Extended {
        @Test
        void leaks() {
            takeAndForget(1_000);
        }
    }

    /** Has memory for a while: whoever is judged at the same time sees it come and go. */
    @Execution(ExecutionMode.CONCURRENT)
    static class Noisy {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 4})
        void holds(int number) throws InterruptedException {
            MemorySegment block = ZMalloc.zmalloc(1_000L * number);
            Thread.sleep(60);
            ZMalloc.zfree(block);
        }
    }

    @FailOnNativeLeak(waitMillis = 0)
    @Execution(ExecutionMode.CONCURRENT)
    static class Alone {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 4})
        void isUndisturbed(int number) throws InterruptedException {
            Thread.sleep(25L * number);
        }
    }
}
