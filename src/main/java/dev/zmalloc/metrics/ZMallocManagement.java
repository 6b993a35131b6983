package dev.zmalloc.metrics;

/**
 * Shows {@link ZMallocMXBean} to management clients, when the program asks for it: nothing is registered by itself.
 *
 * <p>It needs the module {@code java.management}, which the rest of the library does without.
 */
public final class ZMallocManagement {
    /** The name that the bean is registered under. */
    public static final String OBJECT_NAME = "dev.zmalloc:type=ZMalloc";

    private ZMallocManagement() {}

    /**
     * Registers the bean with the platform's server, if none of its name is there yet.
     *
     * @return whether this call registered it
     * @throws UnsupportedOperationException if the module {@code java.management} is not there; the message says how to
     *     add it
     */
    public static boolean register() {
        requireModule(OBJECT_NAME);
        return BeanServer.register(new ZMallocBean(), OBJECT_NAME);
    }

    /**
     * Takes the bean back out, and tells whether it was there.
     *
     * @throws UnsupportedOperationException if the module {@code java.management} is not there
     */
    public static boolean unregister() {
        requireModule(OBJECT_NAME);
        return BeanServer.unregister(OBJECT_NAME);
    }

    /** Throws, saying what to do, unless the module is there that a bean needs. */
    static void requireModule(String name) {
        try {
            Class.forName("javax.management.MBeanServer", false, ZMallocManagement.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            throw new UnsupportedOperationException(
                    "the module java.management, which " + name + " needs, is not in this JVM: start it with"
                            + " --add-modules java.management, or require the module, or have jlink put it into the"
                            + " image",
                    e);
        }
    }
}
