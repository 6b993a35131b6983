package dev.zmalloc.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.fixtures.NativeLibraries;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LibraryLoaderTest {
    @Test
    void tellsTheLinkersWords() {
        assertThatThrownBy(() -> LibraryLoader.open("/nowhere/libnothing.so"))
                .isInstanceOf(LibraryLoadException.class)
                .hasMessage("/nowhere/libnothing.so: cannot open shared object file: No such file or directory");
    }

    @Test
    void findsSymbolsAndTheirFile() throws Exception {
        long handle = LibraryLoader.open(NativeLibraries.mathLibrary().toString());

        long cosine = LibraryLoader.symbol(handle, "cos");
        assertThat(cosine).isNotZero();
        assertThat(LibraryLoader.symbol(handle, "no_such_function")).isZero();
        assertThat(LibraryLoader.fileOf(cosine).orElseThrow().path()).contains("libm.so.6");
        assertThat(LibraryLoader.fileOf(1)).isEmpty();
    }

    @Test
    void libraryOwnsOnlyWhatItsFileHas() throws Exception {
        long handle = LibraryLoader.open(NativeLibraries.mathLibrary().toString());
        NativeLibrary math = NativeLibrary.find(handle, "", "cos").orElseThrow();

        assertThat(math.find("sin")).isNotZero();
        // The linker finds it, in the C library, which the math library depends on.
        assertThat(LibraryLoader.symbol(handle, "malloc")).isNotZero();
        assertThat(math.find("malloc")).isZero();
        assertThat(NativeLibrary.find(handle, "", "mallctl")).isEqualTo(Optional.empty());
        assertThat(NativeLibrary.find(handle, "co", "s").orElseThrow().find("sh"))
                .isNotZero();
    }

    @Test
    void findsTheCLibrary() {
        NativeLibrary libc = CLibrary.open();

        assertThat(libc.file()).contains("libc.so.6");
        assertThat(libc.find("malloc")).isNotZero();
    }

    @Test
    void supportsThisPlatform() {
        Platform.requireSupported();
    }
}
