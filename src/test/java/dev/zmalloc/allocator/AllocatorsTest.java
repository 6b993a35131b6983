package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AllocatorsTest {
    /** Too little for a backend: it cannot be created. */
    public static final class Failing {
        /** Refuses. */
        public Failing() {
            throw new IllegalStateException("on purpose");
        }
    }

    /** Offers another binding of libc by a name of its own. */
    public static final class Offered implements AllocatorProvider {
        /** Made by {@link java.util.ServiceLoader}. */
        public Offered() {}

        @Override
        public String name() {
            return "offered";
        }

        @Override
        public Allocator create() {
            return LibcAllocator.open();
        }
    }

    @Test
    void selectsOnce() {
        assertThat(Allocators.select()).isSameAs(Allocators.select());
    }

    @Test
    void namesWhatThereIs() {
        assertThatThrownBy(() -> Allocators.open("jmalloc"))
                .isInstanceOf(AllocatorUnavailableException.class)
                .hasMessageContaining("no allocator is called \"jmalloc\"")
                .hasMessageContaining(
                        "jemalloc, libc, tcmalloc, mimalloc, offered, or the name of a class that implements "
                                + Allocator.class.getName());
        assertThat(Allocators.names()).containsExactly("jemalloc", "libc", "tcmalloc", "mimalloc", "offered");
    }

    @Test
    void opensWhatAProviderOffers() {
        assertThat(Allocators.open("offered")).isInstanceOf(LibcAllocator.class);
    }

    @Test
    void refusesALaterChoiceAndSaysWhatIsInUse() {
        Allocator inUse = Allocators.select();

        assertThatThrownBy(() -> Allocators.use("libc"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("too late for the allocator libc: this process uses "
                        + inUse.description().name() + " " + inUse.description().version() + " from "
                        + inUse.description().file())
                .hasMessageContaining("zmalloc.allocator");
        assertThat(Allocators.select()).isSameAs(inUse);
    }

    @Test
    void refusesClassesThatAreNoAllocator() {
        assertThatThrownBy(() -> Allocators.open("java.lang.String"))
                .isInstanceOf(AllocatorUnavailableException.class)
                .hasMessageContaining("java.lang.String does not implement");
        assertThatThrownBy(() -> Allocators.open(Mallctl.class.getName()))
                .isInstanceOf(AllocatorUnavailableException.class)
                .hasMessageContaining("public constructor without parameters");
        assertThatThrownBy(() -> Allocators.open(Failing.class.getName()))
                .isInstanceOf(AllocatorUnavailableException.class)
                .hasMessageContaining("on purpose");
    }
}
