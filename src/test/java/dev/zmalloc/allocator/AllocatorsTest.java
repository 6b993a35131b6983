package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    /** Offers an allocator, and throws what a provider is not to throw. */
    public static final class Clumsy implements AllocatorProvider {
        /** Made by {@link java.util.ServiceLoader}. */
        public Clumsy() {}

        @Override
        public String name() {
            return "clumsy";
        }

        @Override
        public Allocator create() {
            throw new IllegalStateException("two left hands");
        }
    }

    /** Cannot be made. */
    public static final class Stillborn implements AllocatorProvider {
        /** Refuses. */
        public Stillborn() {
            throw new NoClassDefFoundError("a/part/of/it");
        }

        @Override
        public String name() {
            return "stillborn";
        }

        @Override
        public Allocator create() {
            throw new AssertionError();
        }
    }

    /** Has no name to tell. */
    public static final class Nameless implements AllocatorProvider {
        /** Made by {@link java.util.ServiceLoader}. */
        public Nameless() {}

        @Override
        public String name() {
            throw new IllegalStateException("who am I");
        }

        @Override
        public Allocator create() {
            throw new AssertionError();
        }
    }

    @Test
    void brokenProvidersHideNoOtherAndAreToldEachTime(@TempDir Path folder) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.write(
                services.resolve(AllocatorProvider.class.getName()),
                List.of(
                        "no.such.Provider",
                        Stillborn.class.getName(),
                        Nameless.class.getName(),
                        Clumsy.class.getName()));
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            thread.setContextClassLoader(loader);
            assertThat(Allocators.names())
                    .containsExactlyInAnyOrder("jemalloc", "libc", "tcmalloc", "mimalloc", "offered", "clumsy");
            assertThat(Allocators.open("offered")).isInstanceOf(LibcAllocator.class);
            assertThat(Allocators.open("libc")).isInstanceOf(LibcAllocator.class);
            for (int time = 0; time < 2; time++) {
                assertThatThrownBy(() -> Allocators.open("stillborn"))
                        .isInstanceOf(AllocatorUnavailableException.class)
                        .hasMessageContaining("no allocator is called \"stillborn\"")
                        .hasMessageContaining("offered")
                        .hasMessageContaining("These providers are broken, and it may be one of theirs:")
                        .hasMessageContaining("no.such.Provider not found")
                        .hasMessageContaining(
                                "Stillborn could not be instantiated: java.lang.NoClassDefFoundError: a/part")
                        .hasMessageContaining(
                                "Nameless does not tell its name: java.lang.IllegalStateException: who am I");
            }
            assertThatThrownBy(() -> Allocators.open("clumsy"))
                    .isInstanceOf(AllocatorUnavailableException.class)
                    .hasMessageContaining("the allocator \"clumsy\" could not be had from its provider")
                    .hasMessageContaining("two left hands");
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** A class loader that fails whenever it is asked would be asked for ever. */
    @Test
    void aClassLoaderThatCannotLookIsNotAskedForEver() {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try {
            thread.setContextClassLoader(new ClassLoader(before) {
                @Override
                public Enumeration<URL> getResources(String name) throws IOException {
                    throw new IOException("unplugged");
                }
            });
            assertThatThrownBy(() -> Allocators.open("offered"))
                    .isInstanceOf(AllocatorUnavailableException.class)
                    .hasMessageContaining("unplugged");
        } finally {
            thread.setContextClassLoader(before);
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
