package dev.zmalloc.ffi;

/** Says that the dynamic linker did not load a library, in its own words. */
public final class LibraryLoadException extends Exception {
    private static final long serialVersionUID = 1;

    private final String words;

    LibraryLoadException(String words) {
        super(words);
        this.words = words;
    }

    /** What the dynamic linker said. */
    public String words() {
        return words;
    }
}
