extension AdminAPI {
    static let routes: [AdminRoute] =
        principalRoutes + roleRoutes + assignmentRoutes + resourceRoutes + policyRoutes + tokenRoutes
        + revocationRoutes + clusterRoutes + memberRoutes + auditRoutes + statusRoutes + checkRoutes
}
