/** The figures of {@code ZMalloc} for monitoring: a management bean (JMX). */
@NullMarked
package dev.zmalloc.metrics;

import org.jspecify.annotations.NullMarked;
