/** Native memory that a program can count, cap and swap. */
module dev.zmalloc {
    requires static info.picocli;
    requires static org.jspecify;

    // The command line's options are set by reflection.
    opens dev.zmalloc.cli to
            info.picocli;
}
