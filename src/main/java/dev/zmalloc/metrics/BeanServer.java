package dev.zmalloc.metrics;

import java.lang.management.ManagementFactory;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** The platform's server of management beans, in a class that is loaded only where the module for it is there. */
final class BeanServer {
    private BeanServer() {}

    /** Registers a bean, if none of its name is there yet. Answers whether this call did. */
    static boolean register(Object bean, String name) {
        try {
            server().registerMBean(bean, new ObjectName(name));
            return true;
        } catch (InstanceAlreadyExistsException e) {
            return false;
        } catch (JMException e) {
            throw new IllegalStateException("cannot register " + name, e);
        }
    }

    /** Takes a bean out. Answers whether it was there. */
    static boolean unregister(String name) {
        try {
            server().unregisterMBean(new ObjectName(name));
            return true;
        } catch (InstanceNotFoundException e) {
            return false;
        } catch (JMException e) {
            throw new IllegalStateException("cannot unregister " + name, e);
        }
    }

    /** A value for a name, in which it may hold anything. */
    static String quote(String value) {
        return ObjectName.quote(value);
    }

    private static MBeanServer server() {
        return ManagementFactory.getPlatformMBeanServer();
    }
}
