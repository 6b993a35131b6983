/** Native memory that a program can count, cap and swap. */
module dev.zmalloc {
    requires static org.jspecify;
}
